//! `list`: the definitions.

use clap::Subcommand;
use millwork_api::{AssetView, CheckView, GateView, JobView};
use millwork_core::graph::{AssetGraph, AssetNode, StepKind};

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Session, block_on};
use crate::app::table::table;

#[derive(Debug, Subcommand)]
pub(super) enum List {
    /// List the assets
    #[command(arg(json_flag()))]
    Assets,
    /// List the asset checks
    #[command(arg(json_flag()))]
    Checks,
    /// List the gates, which judge new versions of models
    #[command(arg(json_flag()))]
    Gates,
    /// List the jobs
    #[command(arg(json_flag()))]
    Jobs,
    /// List the resources
    #[command(arg(json_flag()))]
    Resources,
}

pub(super) fn run(session: &Session, list: &List) -> Result<Exit, Failure> {
    let (pipeline, json) = (session.pipeline()?, session.wants_json());
    match list {
        List::Assets if json => {
            let graph = pipeline.graph();
            let moment = block_on(session.moment())?;
            let view = |asset| AssetView::new(graph, asset, &moment);
            print_json(&graph.assets().iter().map(view).collect::<Vec<_>>())?;
        }
        List::Assets => print_or(assets(pipeline.graph()), "No asset is defined."),
        List::Checks if json => {
            print_json(&pipeline.graph().steps().iter().filter_map(CheckView::of_step).collect::<Vec<_>>())?;
        }
        List::Checks => print_or(checks(pipeline.graph()), "No check is defined."),
        List::Gates if json => {
            print_json(&pipeline.graph().steps().iter().filter_map(GateView::of_step).collect::<Vec<_>>())?;
        }
        List::Gates => print_or(gates(pipeline.graph()), "No gate is defined."),
        List::Jobs if json => {
            print_json(&pipeline.jobs().iter().map(JobView::from).collect::<Vec<_>>())?;
        }
        List::Jobs => {
            let row = |job: &millwork_core::Job| {
                [job.name.clone(), job.selection.clone(), first_line(&job.description)]
            };
            let rows = pipeline.jobs().iter().map(row).collect();
            print_or(("job", ["JOB", "SELECTION", "DESCRIPTION"], rows), "No job is defined.");
        }
        List::Resources if json => print_json(&pipeline.resources().type_names())?,
        List::Resources => {
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

fn checks(graph: &AssetGraph) -> Rows<5> {
    let rows = graph.steps().iter().filter_map(|step| match &step.kind {
        StepKind::Check { definition, .. } => Some([
            definition.name.clone(),
            definition.asset.to_string(),
            format!("{:?}", definition.severity).to_lowercase(),
            if definition.blocking { "yes" } else { "no" }.to_owned(),
            first_line(&definition.description),
        ]),
        StepKind::Assets { .. } | StepKind::Gate { .. } => None,
    });
    ("check", ["CHECK", "ASSET", "SEVERITY", "BLOCKING", "DESCRIPTION"], rows.collect())
}

fn gates(graph: &AssetGraph) -> Rows<4> {
    let gates = graph.steps().iter().filter_map(GateView::of_step);
    let rows = gates.map(|gate| {
        [gate.name, gate.asset.to_string(), gate.alias.to_string(), first_line(&gate.description)]
    });
    ("gate", ["GATE", "ASSET", "ALIAS", "DESCRIPTION"], rows.collect())
}

fn print_or<const N: usize>((_, heading, rows): Rows<N>, when_empty: &str) {
    if rows.is_empty() { outln!("{when_empty}") } else { out!("{}", table(heading, rows)) }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
