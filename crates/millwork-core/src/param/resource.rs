//! Clients and connections that steps share: made once a run, when first needed.

use std::any::{Any, TypeId, type_name};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::problem::Advice;

/// A shared `T` that the definitions provide with [`Definitions::resource`](crate::Definitions::resource).
#[derive(Debug)]
pub struct Resource<T>(pub Arc<T>);

impl<T> Clone for Resource<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Resource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> FromStep for Resource<T> {
    fn requirements(requirements: &mut Requirements) {
        requirements.resource::<T>();
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        Ok(Self(context.resources().get::<T>()?))
    }
}

/// All resources of a pipeline, by type.
#[derive(Clone, Default)]
pub struct Resources {
    by_type: HashMap<TypeId, Entry>,
}

type Shared = Arc<dyn Any + Send + Sync>;
type Make = dyn Fn() -> Result<Shared, BoxError> + Send + Sync;

#[derive(Clone)]
struct Entry {
    type_name: &'static str,
    make: Arc<Make>,
    made: Arc<Mutex<Option<Shared>>>,
}

/// Why a step didn't get a resource.
#[derive(Debug, Error)]
pub enum ResourceError {
    /// The definitions provide no such type.
    #[error("no resource of type `{type_name}` is defined")]
    Missing {
        /// The name of the resource's type.
        type_name: &'static str,
    },
    /// The constructor of the resource failed.
    #[error("failed to set up the resource `{type_name}`")]
    SetUp {
        /// The name of the resource's type.
        type_name: &'static str,
        /// The error of the constructor.
        source: BoxError,
    },
}

impl Advice for ResourceError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Missing { .. } => "add `.resource(…)` to the definitions".into(),
            Self::SetUp { .. } => return None,
        })
    }
}

impl Resources {
    /// Adds a resource. Returns false, and keeps the first, if there is one of this type already.
    pub fn insert<T: Send + Sync + 'static>(
        &mut self,
        make: impl Fn() -> Result<T, BoxError> + Send + Sync + 'static,
    ) -> bool {
        let make = Arc::new(move || make().map(|resource| Arc::new(resource) as Shared));
        let entry = Entry { type_name: type_name::<T>(), make, made: Arc::default() };
        let is_new = !self.by_type.contains_key(&TypeId::of::<T>());
        self.by_type.entry(TypeId::of::<T>()).or_insert(entry);
        is_new
    }

    /// The resource of type `T`, made at the first call. A failed attempt is not cached.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, ResourceError> {
        let missing = ResourceError::Missing { type_name: type_name::<T>() };
        let Some(entry) = self.by_type.get(&TypeId::of::<T>()) else { return Err(missing) };
        let mut made = entry.made.lock().unwrap_or_else(PoisonError::into_inner);
        let resource = match &*made {
            Some(resource) => resource.clone(),
            None => {
                let resource = (entry.make)()
                    .map_err(|source| ResourceError::SetUp { type_name: entry.type_name, source })?;
                made.insert(resource).clone()
            }
        };
        resource.downcast().map_err(|_| missing)
    }

    /// Whether there is a resource of this type.
    pub fn contains(&self, type_id: TypeId) -> bool {
        self.by_type.contains_key(&type_id)
    }

    /// The names of the types, sorted.
    pub fn type_names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.by_type.values().map(|entry| entry.type_name).collect();
        names.sort_unstable();
        names
    }

    /// Takes in the resources of `other`; returns the names of those that both have.
    pub(crate) fn merge(&mut self, other: Self) -> Vec<&'static str> {
        let mut twice = Vec::new();
        for (type_id, entry) in other.by_type {
            match self.by_type.entry(type_id) {
                Occupied(_) => twice.push(entry.type_name),
                Vacant(vacant) => {
                    vacant.insert(entry);
                }
            }
        }
        twice
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.type_names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn made_once_when_first_needed() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let mut resources = Resources::default();
        assert!(resources.insert(|| Ok(MADE.fetch_add(1, Ordering::Relaxed))));
        assert!(!resources.insert(|| Ok(7_usize)));
        assert_eq!(MADE.load(Ordering::Relaxed), 0);
        assert_eq!(*resources.get::<usize>().unwrap(), 0);
        assert_eq!(*resources.get::<usize>().unwrap(), 0);
        assert!(matches!(resources.get::<u8>(), Err(ResourceError::Missing { type_name: "u8" })));
    }

    #[test]
    fn a_failed_set_up_is_tried_again() {
        let mut resources = Resources::default();
        let calls = AtomicUsize::new(0);
        resources.insert(move || match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err("not yet".into()),
            _ => Ok("ready"),
        });
        assert_eq!(resources.get::<&str>().unwrap_err().to_string(), "failed to set up the resource `&str`");
        assert_eq!(*resources.get::<&str>().unwrap(), "ready");
    }
}
