//! Requests in which an asset or a partition has another name.

use serde_json::Value;

use super::{RunRequest, RunSpec, RunTarget};
use crate::event::Renaming;

impl RunRequest {
    /// Renames what it names; whether anything is called otherwise now. A partition is renamed only where nothing else is asked for.
    pub fn rename(&mut self, renaming: &Renaming) -> bool {
        match renaming {
            Renaming::Asset { from, to, steps } => {
                let mut any = self.assets.iter_mut().fold(false, |any, asset| any | renaming.asset(asset));
                any |= rename_in_selection(&mut self.selection, from.as_str(), to.as_str());
                if let Value::Object(config) = &mut self.config {
                    for (from, to) in steps {
                        if let Some(value) = config.remove(from.as_str()) {
                            config.insert(to.as_str().to_owned(), value);
                            any = true;
                        }
                    }
                }
                any
            }
            Renaming::Partitions { assets, steps: _, keys } => {
                if self.assets.is_empty() || !self.assets.iter().all(|asset| assets.contains(asset)) {
                    return false;
                }
                self.partitions.iter_mut().fold(false, |any, key| {
                    let to = keys.get(key);
                    to.inspect(|to| key.clone_from(to)).is_some() | any
                })
            }
        }
    }
}

impl RunSpec {
    /// Renames what its selection names; whether anything is called otherwise now.
    pub fn rename(&mut self, renaming: &Renaming) -> bool {
        match (renaming, &mut self.target) {
            (Renaming::Asset { from, to, .. }, RunTarget::Selection(selection)) => {
                rename_in_selection(selection, from.as_str(), to.as_str())
            }
            (Renaming::Asset { .. }, RunTarget::Job(_)) | (Renaming::Partitions { .. }, _) => false,
        }
    }
}

/// Renames an asset in a selection as it was written; whether it is in it. The name of a tag or of a group stays.
fn rename_in_selection(selection: &mut String, from: &str, to: &str) -> bool {
    let is_of_key = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '/');
    let mut renamed = String::with_capacity(selection.len());
    let (mut rest, mut any) = (selection.as_str(), false);
    while !rest.is_empty() {
        let word = rest.find(|char| !is_of_key(char)).unwrap_or(rest.len());
        let is_value = renamed.ends_with([':', '=', '"']);
        match &rest[..word] {
            written if written == from && !is_value => {
                renamed.push_str(to);
                any = true;
            }
            written => renamed.push_str(written),
        }
        let between = rest[word..].find(is_of_key).map_or(rest.len(), |next| word + next);
        renamed.push_str(&rest[word..between]);
        rest = &rest[between..];
    }
    if any {
        *selection = renamed;
    }
    any
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{AssetRenamed, EventBody, PartitionsRenamed};

    #[test]
    fn an_asset_is_renamed_in_selections() {
        for (selection, expected) in [
            ("a", "z"),
            ("+a", "+z"),
            ("a+ or b", "z+ or b"),
            ("ab or a/b or tag:a=a or group:a", "ab or a/b or tag:a=a or group:a"),
            ("(a and b) or +a+", "(z and b) or +z+"),
            ("größe or a", "größe or z"),
            ("", ""),
        ] {
            let mut renamed = selection.to_owned();
            assert_eq!(rename_in_selection(&mut renamed, "a", "z"), selection != expected, "{selection}");
            assert_eq!(renamed, expected);
        }
    }

    #[test]
    fn a_request_names_what_there_is() {
        let steps = vec![("a".into(), "z".into())];
        let renamed = EventBody::AssetRenamed(AssetRenamed { from: "a".into(), to: "z".into(), steps });
        let mut request = RunRequest::of_assets(["a".into(), "b".into()]);
        request.config = json!({"a": {"rounds": 3}, "b": {}});
        assert!(request.rename(&Renaming::of(&renamed).unwrap()));
        let mut expected = RunRequest::of_assets(["z".into(), "b".into()]);
        expected.config = json!({"z": {"rounds": 3}, "b": {}});
        assert_eq!(request, expected);
        let (assets, steps) = (vec!["b".into()], vec!["b".into()]);
        let keys = vec![("uk".into(), "gb".into())];
        let renamed = EventBody::PartitionsRenamed(PartitionsRenamed { assets, steps, keys });
        let renaming = Renaming::of(&renamed).unwrap();
        request.partitions = vec!["uk".into(), "de".into()];
        assert!(!request.rename(&renaming), "`z` has other partitions");
        request.assets.remove(0);
        assert!(request.rename(&renaming));
        assert_eq!(request.partitions, ["gb".into(), "de".into()]);
    }
}
