//! What orders about accounts, services and tokens do.
