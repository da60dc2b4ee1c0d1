//! A type with two stored forms, one of which has to be chosen.

use millwork::{AssetValue, BoxError, Result, asset};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Model {
    weight: f64,
}

enum Binary {}

impl AssetValue<Binary> for Model {
    const EXTENSION: &'static str = "bin";
    const MEDIA_TYPE: &'static str = "application/octet-stream";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        bytes.extend(self.weight.to_le_bytes());
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(Self { weight: f64::from_le_bytes(bytes.try_into()?) })
    }
}

#[asset]
fn model() -> Result<Model> {
    Ok(Model { weight: 0.5 })
}

#[asset(format = Binary)]
fn chosen() -> Result<Model> {
    Ok(Model { weight: 0.5 })
}

#[asset(format = String)]
fn not_a_format() -> Result<Model> {
    Ok(Model { weight: 0.5 })
}

fn main() {}
