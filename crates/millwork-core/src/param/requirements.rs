//! The requirements of a function, known without running it.

use std::any::{TypeId, type_name};

use super::ConfigSchema;
use crate::id::AssetKey;
use crate::partition::mapping::Mapping;
use crate::partition::{FromPartitionKey, KeyShape};
use crate::version::{AliasName, ReadAs};

/// What a step's function takes.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// The upstream assets whose values it takes or waits for.
    pub inputs: Vec<Input>,
    /// The schemas that its configuration has to satisfy, all of them.
    pub config: Vec<ConfigSchema>,
    /// The resources that it takes.
    pub resources: Vec<ResourceRequirement>,
    /// The assets whose last materialization, before this run, it takes.
    pub previous: Vec<AssetKey>,
    /// The assets whose stored materializations it takes, without waiting for them.
    pub histories: Vec<Input>,
    /// The assets of which it takes what versions in shadow have made, without waiting for anything.
    pub shadows: Vec<Input>,
    /// The types as which it takes or returns the keys of its partitions, each with what it can be read from.
    pub partition: Vec<KeyRequirement>,
    /// The asset whose new version it judges; `None` for what isn't a gate.
    pub challenger: Option<AssetKey>,
}

/// An edge of the graph, seen from downstream.
#[derive(Clone, Debug)]
pub struct Input {
    /// The key of the upstream asset.
    pub asset: AssetKey,
    /// The type as which its value is loaded; `None` for an ordering dependency, whose value isn't loaded.
    pub loads: Option<(TypeId, &'static str)>,
    /// Which of its partitions are taken, as written.
    pub mapping: Mapping,
    /// Whether several of them may be, which are handed over as a map by key.
    pub gathers: bool,
    /// Which version is read.
    pub read_as: ReadAs,
    /// What happens where the version doesn't exist: only an alias can be without one.
    pub absent: Absent,
}

/// What happens to a step where no version is under the alias that it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absent {
    /// It is skipped.
    #[default]
    SkipsTheStep,
    /// Its function is given `None`.
    IsNone,
}

/// A type as which a function takes or returns the keys of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequirement {
    /// The name of the type, for display.
    pub type_name: &'static str,
    /// What it can be read from, in each dimension; `None` if it can be any key.
    pub shapes: Option<Vec<KeyShape>>,
    /// What the function does with such keys.
    pub usage: KeyUse,
}

/// What a function does with the keys of its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// It takes the key of the one partition that a call makes.
    One,
    /// It takes the keys of all partitions that a call makes.
    Many,
    /// It returns a batch by such keys.
    Returned,
}

/// A resource that a function takes.
#[derive(Clone, Copy, Debug)]
pub struct ResourceRequirement {
    /// The identity of its type.
    pub type_id: TypeId,
    /// The name of its type, for display.
    pub type_name: &'static str,
}

impl Requirements {
    /// Takes the value of an asset, a `T`.
    pub fn input<T: 'static>(&mut self, asset: impl Into<AssetKey>) {
        self.load::<T>(asset, false);
    }

    /// Takes the partitions of an asset that belong to that of the step, each a `T`, as a map by key.
    pub fn partitions<T: 'static>(&mut self, asset: impl Into<AssetKey>) {
        self.load::<T>(asset, true);
    }

    /// Takes what `takes` takes, with this mapping of partitions.
    pub fn mapped<R>(&mut self, mapping: &Mapping, takes: impl FnOnce(&mut Self) -> R) -> R {
        let before = [self.inputs.len(), self.histories.len(), self.shadows.len()];
        let taken = takes(self);
        let lists = [&mut self.inputs, &mut self.histories, &mut self.shadows];
        for (inputs, before) in lists.into_iter().zip(before) {
            inputs.iter_mut().skip(before).for_each(|input| input.mapping = mapping.clone());
        }
        taken
    }

    /// Waits for an asset without loading it.
    pub fn after(&mut self, asset: impl Into<AssetKey>) {
        self.inputs.push(Input::latest(asset.into(), None));
    }

    /// Takes the version of an asset that an alias leads to, a `T`.
    pub fn version<T: 'static>(&mut self, asset: impl Into<AssetKey>, read_as: ReadAs, absent: Absent) {
        let (asset, loads) = (asset.into(), Some((TypeId::of::<T>(), type_name::<T>())));
        // What is loaded is followed as well.
        self.inputs.retain(|input| input.loads.is_some() || input.asset != asset || input.read_as != read_as);
        let input = Input::latest(asset, loads);
        self.inputs.push(Input { read_as, absent, ..input });
    }

    /// Follows an alias of an asset without loading what it points at.
    pub fn follow(&mut self, asset: impl Into<AssetKey>, alias: AliasName) {
        let (asset, read_as) = (asset.into(), ReadAs::Alias(alias));
        if !self.inputs.iter().any(|input| input.asset == asset && input.read_as == read_as) {
            let input = Input::latest(asset, None);
            self.inputs.push(Input { read_as, absent: Absent::IsNone, ..input });
        }
    }

    /// Takes the stored materializations of an asset, each a `T`, without waiting for the asset.
    pub fn history<T: 'static>(&mut self, asset: impl Into<AssetKey>) {
        let asset = asset.into();
        if !self.histories.iter().any(|input| input.asset == asset) {
            let loads = Some((TypeId::of::<T>(), type_name::<T>()));
            let input = Input::latest(asset, loads);
            self.histories.push(Input { read_as: ReadAs::History { after: None }, ..input });
        }
    }

    /// Takes what versions in shadow have made of an asset, each a `T`.
    pub fn shadow<T: 'static>(&mut self, asset: impl Into<AssetKey>) {
        let asset = asset.into();
        if !self.shadows.iter().any(|input| input.asset == asset) {
            let loads = Some((TypeId::of::<T>(), type_name::<T>()));
            let input = Input::latest(asset, loads);
            self.shadows.push(Input { read_as: ReadAs::Shadow { after: 0, until: 0 }, ..input });
        }
    }

    /// Takes the key of its partition, as a `K`.
    pub fn partition_key<K: FromPartitionKey>(&mut self) {
        self.key::<K>(KeyUse::One);
    }

    /// Takes the keys of all partitions that a call makes, each as a `K`.
    pub fn partition_keys<K: FromPartitionKey>(&mut self) {
        self.key::<K>(KeyUse::Many);
    }

    /// Returns a batch by keys that are a `K`.
    pub fn returns_batch<K: FromPartitionKey>(&mut self) {
        self.key::<K>(KeyUse::Returned);
    }

    /// Whether one call makes many partitions.
    pub fn is_batch(&self) -> bool {
        self.partition.iter().any(|key| key.usage != KeyUse::One)
    }

    /// Requires a resource of type `T`.
    pub fn resource<T: 'static>(&mut self) {
        self.resources.push(ResourceRequirement { type_id: TypeId::of::<T>(), type_name: type_name::<T>() });
    }

    fn key<K: FromPartitionKey>(&mut self, usage: KeyUse) {
        self.partition.push(KeyRequirement { type_name: type_name::<K>(), shapes: K::shapes(), usage });
    }

    fn load<T: 'static>(&mut self, asset: impl Into<AssetKey>, gathers: bool) {
        let loads = Some((TypeId::of::<T>(), type_name::<T>()));
        self.inputs.push(Input { gathers, ..Input::latest(asset.into(), loads) });
    }
}

impl Input {
    fn latest(asset: AssetKey, loads: Option<(TypeId, &'static str)>) -> Self {
        let mapping = Mapping::inferred();
        Self { asset, loads, mapping, gathers: false, read_as: ReadAs::Latest, absent: Absent::SkipsTheStep }
    }
}
