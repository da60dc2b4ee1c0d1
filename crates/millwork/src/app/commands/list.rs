//! `list`: what is defined.

use millwork_core::graph::{AssetGraph, AssetIndex, AssetNode, StepKind};
use millwork_core::{ConfigSchema, PartitionsDefinition};
use serde_json::{Value, json};

use crate::app::arguments::List;
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln};
use crate::app::session::Session;
use crate::app::table::table;

pub(super) fn run(session: &Session, list: &List) -> Result<Exit, Failure> {
    let pipeline = session.pipeline()?;
    match list {
        List::Assets(json) if json.json => print_json(assets_json(pipeline.graph())),
        List::Assets(_) => print_or(assets(pipeline.graph()), "No asset is defined."),
        List::Checks(json) if json.json => print_json(checks_json(pipeline.graph())),
        List::Checks(_) => print_or(checks(pipeline.graph()), "No check is defined."),
        List::Jobs(json) if json.json => {
            let job = |job: &millwork_core::Job| {
                json!({
                    "name": job.name, "description": job.description, "selection": job.selection,
                    "config": job.config, "tags": job.tags,
                })
            };
            print_json(pipeline.jobs().iter().map(job).collect());
        }
        List::Jobs(_) => {
            let row = |job: &millwork_core::Job| {
                [job.name.clone(), job.selection.clone(), first_line(&job.description)]
            };
            let rows = pipeline.jobs().iter().map(row).collect();
            print_or(("job", ["JOB", "SELECTION", "DESCRIPTION"], rows), "No job is defined.");
        }
        List::Resources(json) if json.json => {
            print_json(pipeline.resources().type_names().into_iter().map(Value::from).collect());
        }
        List::Resources(_) => {
            let rows = pipeline.resources().type_names().into_iter().map(|name| [name.to_owned()]).collect();
            print_or(("resource", ["RESOURCE"], rows), "No resource is defined.");
        }
    }
    Ok(Exit::Success)
}

type Rows<const N: usize> = (&'static str, [&'static str; N], Vec<[String; N]>);

fn assets(graph: &AssetGraph) -> Rows<5> {
    let row = |asset: &AssetNode| {
        let spec = &asset.spec;
        let kinds = if asset.step.is_none() { "external".to_owned() } else { spec.kinds.join(", ") };
        let upstream: Vec<_> = asset.upstream.iter().map(|index| graph.key(*index).to_string()).collect();
        [
            spec.key.to_string(),
            spec.group.clone().unwrap_or_default(),
            kinds,
            upstream.join(", "),
            first_line(&spec.description),
        ]
    };
    let heading = ["ASSET", "GROUP", "KINDS", "MADE FROM", "DESCRIPTION"];
    ("asset", heading, graph.assets().iter().map(row).collect())
}

/// Everything that is known of an asset without its history.
pub(super) fn asset_json(graph: &AssetGraph, asset: &AssetNode) -> Value {
    let keys =
        |assets: &[AssetIndex]| assets.iter().map(|index| graph.key(*index).to_string()).collect::<Vec<_>>();
    let computation = asset.step.map(|step| graph.steps()[step].computation());
    let partitions =
        graph.index(asset.spec.key.as_str()).and_then(|index| graph.definition(index)?.partitions.as_ref());
    json!({
        "key": asset.spec.key,
        "description": asset.spec.description,
        "group": asset.spec.group,
        "kinds": asset.spec.kinds,
        "owners": asset.spec.owners,
        "tags": asset.spec.tags,
        "external": asset.step.is_none(),
        "optional": asset.spec.optional,
        "type": asset.spec.value_type.map(|value_type| value_type.type_name()),
        "format": asset.spec.value_type.map(|value_type| value_type.extension),
        "step": asset.step.map(|step| graph.steps()[step].key.clone()),
        "upstream": keys(&asset.upstream),
        "downstream": keys(&asset.downstream),
        "checks": asset.checks.iter().map(|check| graph.steps()[*check].key.clone()).collect::<Vec<_>>(),
        "partitions": partitions.map(PartitionsDefinition::keys),
        "code_version": computation.map(|computation| computation.code_version.clone()),
        "pools": computation.map_or(&[][..], |computation| &computation.pools)
            .iter()
            .map(|taken| (taken.pool.clone(), taken.slots))
            .collect::<std::collections::BTreeMap<_, _>>(),
        "source": computation.and_then(|computation| computation.source).map(|(file, line)| format!("{file}:{line}")),
        "config": computation
            .map(|computation| computation.requirements.config.iter().map(ConfigSchema::json).collect::<Vec<_>>()),
    })
}

fn assets_json(graph: &AssetGraph) -> Vec<Value> {
    graph.assets().iter().map(|asset| asset_json(graph, asset)).collect()
}

fn checks(graph: &AssetGraph) -> Rows<5> {
    let rows = graph.steps().iter().filter_map(|step| match &step.kind {
        StepKind::Check { definition, .. } => Some([
            definition.name.clone(),
            definition.asset.to_string(),
            format!("{:?}", definition.severity).to_lowercase(),
            if definition.blocking { "yes" } else { "no" }.to_owned(),
            first_line(&definition.description),
        ]),
        StepKind::Assets { .. } => None,
    });
    ("check", ["CHECK", "ASSET", "SEVERITY", "BLOCKING", "DESCRIPTION"], rows.collect())
}

fn checks_json(graph: &AssetGraph) -> Vec<Value> {
    let checks = graph.steps().iter().filter_map(|step| match &step.kind {
        StepKind::Check { definition, .. } => Some(json!({
            "name": definition.name,
            "asset": definition.asset,
            "description": definition.description,
            "severity": definition.severity,
            "blocking": definition.blocking,
            "step": step.key,
        })),
        StepKind::Assets { .. } => None,
    });
    checks.collect()
}

fn print_json(list: Vec<Value>) {
    outln!("{}", Value::from(list));
}

fn print_or<const N: usize>((_, heading, rows): Rows<N>, nothing: &str) {
    if rows.is_empty() { outln!("{nothing}") } else { out!("{}", table(heading, rows)) }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
