//! The bodies of requests: JSON objects.
//!
//! serde reads a struct from an array as well, field by field, so that a body such as `[true]` would be taken for `{"on": true}` and the
//! meaning of a body would depend on the order of fields in the code. [`Body`] is how every handler takes its body, and reads objects only.

use std::fmt;
use std::marker::PhantomData;

use axum::Json;
use axum::body::HttpBody as _;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::ApiError;

/// The JSON object that a request has as its body. Any other body is refused.
#[derive(Debug, Default)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Json(Object(read)) = <Json<Object<T>> as FromRequest<S>>::from_request(request, state).await?;
        Ok(Self(read))
    }
}

/// `None` if the request has no body.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        // Programs that always name a type, also of no body.
        if request.body().is_end_stream() {
            return Ok(None);
        }
        let read = <Json<Object<T>> as OptionalFromRequest<S>>::from_request(request, state).await?;
        Ok(read.map(|Json(Object(read))| Self(read)))
    }
}

/// A value that is written as a JSON object.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject(PhantomData)).map(Self)
    }
}

struct OfObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OfObject<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Switch {
        on: bool,
    }

    fn check(json: &str, expected: Result<bool, &str>) {
        let read = serde_json::from_str::<Object<Switch>>(json);
        let found = read.map(|Object(Switch { on })| on).map_err(|error| error.to_string());
        assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{json}");
    }

    #[test]
    fn only_objects_are_read() {
        check(r#"{"on": true}"#, Ok(true));
        check("[true]", Err("invalid type: sequence, expected a JSON object at line 1 column 0"));
        check("[]", Err("invalid type: sequence, expected a JSON object at line 1 column 0"));
        check("true", Err("invalid type: boolean `true`, expected a JSON object at line 1 column 4"));
        check("null", Err("invalid type: null, expected a JSON object at line 1 column 4"));
        check(r#"{"on": true, "on": true}"#, Err("duplicate field `on` at line 1 column 17"));
        check(r#"{"off": true}"#, Err("unknown field `off`, expected `on` at line 1 column 6"));
    }
}
