//! What a reader has begun on a page that updates itself stays about what it was about.

use millwork_browser::{Browser, Page};
use millwork_core::Asset as _;
use millwork_core::asset::Decision;
use millwork_core::event::{EventBody, Mover, NewEvent, VersionDecided};
use tokio::runtime::Handle;

use crate::models::{DAY, Model, append, champion, event, judged, made, moved, number, with_a_life};
use crate::served::Served;

/// The page of the model in a reader's browser.
struct Reader<'s> {
    served: &'s Served,
    page: Page,
    /// The time of the next event.
    second: i64,
}

impl Reader<'_> {
    /// Meanwhile, somewhere else.
    fn happens(&mut self, bodies: impl IntoIterator<Item = EventBody>) {
        let events: Vec<NewEvent> = bodies
            .into_iter()
            .map(|body| {
                self.second += 1;
                event(Model::KEY, None, self.second, body)
            })
            .collect();
        Handle::current().block_on(append(&*self.served.store, events));
    }

    /// Types a reason into the first form that matches.
    fn begins(&self, form: &str) {
        self.page.click(&format!("{form} input[name=reason]")).unwrap();
        self.page.write("because I say so").unwrap();
    }

    fn waits_for(&self, condition: &str) {
        self.page.wait_until(condition).unwrap_or_else(|error| {
            panic!("{error}: {}", self.page.text("main").unwrap());
        });
    }

    /// Sends what has the focus, and waits for a text of the page that follows.
    fn sends(&self, text: &str) {
        self.page.evaluate("document.body.dataset.before = ''").unwrap();
        self.page.press("Enter").unwrap();
        self.waits_for(&format!(
            "document.readyState === 'complete' && document.body.dataset.before === undefined && \
             document.querySelector('main').textContent.includes('{text}')"
        ));
    }

    fn champion(&self) -> Option<u32> {
        Handle::current().block_on(champion(self.served))
    }
}

/// Reads the page of a model whose version 2 is in use, and where questions are open about the versions 5 and 6.
async fn reads(story: fn(Reader<'_>)) {
    let served = with_a_life().await;
    let reading = tokio::task::spawn_blocking(move || {
        let browser = Browser::for_test()?;
        let question = [made(6, 10.5, Vec::new()), judged(6, Some(2), None, "a little better")];
        let events = question.map(|body| event(Model::KEY, None, 5 * DAY, body)).to_vec();
        Handle::current().block_on(append(&*served.store, events));
        let page = browser.open(&format!("{}/models/{}", served.url, Model::KEY)).unwrap();
        let reader = Reader { served: &served, page, second: 6 * DAY };
        reader.waits_for("document.querySelectorAll('.question').length === 2");
        story(reader);
        Some(())
    });
    reading.await.unwrap();
}

/// The form that answers the question about a version.
fn question(version: u32) -> String {
    format!(".question form:has([name=version][value='{version}'])")
}

fn answered(version: u32) -> EventBody {
    EventBody::VersionDecided(VersionDecided {
        version: number(version),
        decision: Decision::Keep,
        answers: None,
        after_shadow: false,
        by: Mover::Person("grace".to_owned()),
        reason: String::new(),
    })
}

fn promoted(from: u32, to: u32) -> EventBody {
    moved(Some(from), to, Mover::Person("grace".to_owned()), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn text_stays_with_its_question_when_another_is_answered() {
    reads(|mut reader| {
        reader.begins(&question(6));
        reader.happens([answered(5)]);
        reader.waits_for(&format!("!document.querySelector(\"{}\")", question(5)));
        reader.page.write(", and more").unwrap();
        reader.sends("because I say so, and more");
        assert_eq!(reader.champion(), Some(6));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_a_question_that_was_answered_is_kept_and_refused() {
    reads(|mut reader| {
        reader.begins(&question(5));
        reader.happens([answered(5)]);
        reader.waits_for(&format!("document.querySelector(\"{} .overtaken\")", question(5)));
        let of_other = format!("document.querySelector(\"{} [name=reason]\").value", question(6));
        assert_eq!(reader.page.evaluate(&of_other).unwrap(), "");
        reader.page.write(", and more").unwrap();
        let of_own = format!("document.querySelector(\"{} [name=reason]\").value", question(5));
        assert_eq!(reader.page.evaluate(&of_own).unwrap(), "because I say so, and more");
        reader.sends("decided about meanwhile: version 5: keep by grace");
        assert_eq!(reader.champion(), Some(2));
        // The reason is still shown after what happens then.
        reader.happens([answered(6)]);
        reader.waits_for("!document.querySelector('.question')");
        assert!(reader.page.text("main > [role=alert]").unwrap().contains("decided about meanwhile"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_begun_keeps_its_version_and_what_it_has_seen() {
    reads(|mut reader| {
        let roll_back = "details:has([value=roll_back])";
        reader.page.click(&format!("{roll_back} summary")).unwrap();
        reader.begins(roll_back);
        reader.happens([promoted(2, 3)]);
        reader.waits_for(&format!("document.querySelector('{roll_back} .overtaken')"));
        reader.waits_for(&format!("document.querySelectorAll('{roll_back}').length === 2"));
        let shown = reader.page.text(&format!("{roll_back}:has(.overtaken) summary")).unwrap();
        assert_eq!(shown, "Roll back to version 1");
        reader.sends("champion: version 2 → 3 by grace");
        assert_eq!(reader.champion(), Some(3));
        // A form that isn't begun shows what is in use now.
        let seen = "[...document.querySelectorAll('[name=seen]')].map((field) => field.value)";
        let seen = reader.page.evaluate(seen).unwrap();
        assert!(seen.as_array().unwrap().iter().all(|seen| seen == "3"), "{seen}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_stay_when_a_version_is_made() {
    reads(|mut reader| {
        let version_3 = "tr:has([name=a][value='3'])";
        reader.page.click("[name=a][value='1']").unwrap();
        reader.page.click(&format!("{version_3} summary")).unwrap();
        reader.begins(version_3);
        // A metric that no version had so far makes a column.
        let mut newest = made(7, 9.0, Vec::new());
        if let EventBody::Materialized(made) = &mut newest {
            made.metadata.insert("RMSE".into(), 1.0.into());
        }
        reader.happens([newest]);
        reader.waits_for("document.querySelector('[name=a][value=\"7\"]')");
        reader.waits_for("[...document.querySelectorAll('thead th')].some((cell) => cell.textContent === 'RMSE')");
        let chosen = "[...document.querySelectorAll('[type=radio]:checked')].map((radio) => radio.name + radio.value).join()";
        assert_eq!(reader.page.evaluate(chosen).unwrap(), "b2,a1");
        assert_eq!(reader.page.evaluate("document.activeElement.closest('tr').querySelector('[name=version]').value").unwrap(), "3");
        assert_eq!(reader.page.evaluate("document.activeElement.value").unwrap(), "because I say so");
        assert_eq!(reader.page.evaluate("document.querySelectorAll('.overtaken').length").unwrap(), 0);
    })
    .await;
}
