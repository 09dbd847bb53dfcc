//! A service in a request: its name or its number.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::engine::{ServiceChoice, ServiceId};

/// Name of a service, which is made if it is not there, or number of one that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ServiceName {
    /// Its number.
    Number(i64),
    /// Its name.
    Name(String),
}

impl<'de> Deserialize<'de> for ServiceName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("a service is named or given by its number");
        match Value::deserialize(from)? {
            Value::String(name) => Ok(Self::Name(name)),
            Value::Number(number) => number.as_i64().map(Self::Number).ok_or_else(wrong),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(wrong()),
        }
    }
}

impl From<ServiceName> for ServiceChoice {
    fn from(service: ServiceName) -> Self {
        match service {
            ServiceName::Number(id) => Self::Id(ServiceId(id)),
            ServiceName::Name(name) => Self::Named(name),
        }
    }
}
