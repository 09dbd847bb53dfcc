//! Numbers that carry their unit in their type. Current and power into the battery are positive,
//! everywhere; what a device sends is turned round at its edge.

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The bare number, in this unit.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }
    };
}

unit!(
    /// Electric potential, volts.
    Volts, f64
);
unit!(
    /// Electric current, amperes; positive into the battery.
    Amps, f64
);
unit!(
    /// Power, watts; positive into the battery.
    Watts, f64
);
unit!(
    /// Temperature, degrees Celsius.
    Celsius, f64
);
unit!(
    /// Electric charge, ampere-hours.
    AmpHours, f64
);
unit!(
    /// A share of a hundred.
    Percent, f64
);
unit!(
    /// A cell's voltage, whole millivolts as devices send it.
    Millivolts, i32
);

impl Millivolts {
    /// The same potential in volts.
    #[must_use]
    pub fn volts(self) -> Volts {
        Volts(f64::from(self.0) / 1000.0)
    }
}
