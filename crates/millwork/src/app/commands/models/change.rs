//! What is done to a version by hand: promoting, refusing, going back, other aliases.

use millwork_api::ModelChange;
use millwork_core::event::EventBody;
use millwork_core::graph::AssetIndex;
use millwork_core::model::VersionStatus;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, Clock as _, SystemClock};
use millwork_storage::{ModelAction, Seen, act_on_model, model_history};

use super::arguments::{By, Decide, Expect};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{outln, print_json};
use crate::app::session::{Opened, Session};

/// Decides about the version that is named.
pub(super) async fn decide(
    session: &Session,
    opened: &Opened,
    decide: &Decide,
    action: impl Fn(VersionNumber) -> ModelAction,
) -> Result<Exit, Failure> {
    let (version, author, expect) = decide.parts();
    let named = version.find(session, opened).await?;
    let action = action(named.number()?);
    act(session, opened, (named.asset, named.of), &action, author, expect).await
}

/// Does something to a model, and prints what that was.
pub(super) async fn act(
    session: &Session,
    opened: &Opened,
    (asset, of): (AssetIndex, AssetPartition),
    action: &ModelAction,
    author: &By,
    expect: &Expect,
) -> Result<Exit, Failure> {
    let in_use = session.pipeline()?.graph().alias_in_use(asset);
    let seen = expect.expected.map_or(Seen::Now, |version| Seen::Version(Some(version)));
    let (store, at) = (&*opened.store, SystemClock.now());
    let author = author.author()?;
    let events = act_on_model(store, (&of, &in_use), action, (&author, seen), at).await?;
    let history = model_history(store, &of).await?;
    let now = history.at(&in_use);
    opened.store.close().await;
    if session.wants_json() {
        print_json(&ModelChange::new(of, in_use, now, events))?;
        return Ok(Exit::Success);
    }
    for event in &events {
        if let EventBody::AliasMoved(moved) = &event.body {
            let before = moved.from.map(|from| format!(", before it was version {from}")).unwrap_or_default();
            match moved.to {
                Some(to) => outln!("The {} of {} is version {to}{before}.", moved.alias, of.quoted()),
                None => outln!("{} has no {} any more{before}.", of.quoted(), moved.alias),
            }
        } else if let EventBody::VersionDecided(decided) = &event.body
            && events.len() == 1
        {
            let status = history.status(decided.version, &in_use);
            let word = status.as_ref().map_or(decided.decision.as_str(), VersionStatus::as_str);
            let before = if status == Some(VersionStatus::Retired) { " (it was in use)" } else { "" };
            let stays = now.map(|now| format!("; version {now} is in use")).unwrap_or_default();
            outln!("Version {} of {} is {word}{before}{stays}.", decided.version, of.quoted());
        }
    }
    Ok(Exit::Success)
}
