use std::time::Instant;
use millwork_core::AssetValue;
use millwork_ml::{boost::*, features::*, text::*, *};
#[path = "../tests/stories/mod.rs"]
mod stories;
fn main() {
    let stories = stories::Stories::load().unwrap();
    let parts = split::random(20100, 0.2, 42).unwrap();
    let titles = stories.titles(&parts.train);
    for _ in 0..3 {
        let t = Instant::now();
        let v = TfidfVectorizer::fit(&titles).unwrap();
        let fit = t.elapsed();
        let f = v.transform(&titles);
        println!("fit {:?} fit+transform {:?}", fit, t.elapsed());
        let train = LabelledFeatures::new(f, stories.comments(&parts.train)).unwrap();
        let test = LabelledFeatures::new(v.transform(&stories.titles(&parts.test)), stories.comments(&parts.test)).unwrap();
        let params = BoosterParams { eval_metric: vec![EvalMetric::Mae], ..Default::default() };
        let t = Instant::now();
        let b = Booster::train(&params, 20, &train).unwrap();
        println!("train 20 {:?}", t.elapsed());
        let t = Instant::now();
        let p = b.predict(test.features()).unwrap();
        println!("predict {} {:?}", p.len(), t.elapsed());
        let mut bytes = vec![];
        b.encode(&mut bytes).unwrap();
        std::fs::write("/tmp/ours.json", &bytes).unwrap();
        println!("model {} bytes", bytes.len());
        let mut bytes = vec![];
        let t = Instant::now();
        train.encode(&mut bytes).unwrap();
        println!("npz {} bytes {:?}", bytes.len(), t.elapsed());
        std::fs::write("/tmp/train.npz", &bytes).unwrap();
        let t = Instant::now();
        LabelledFeatures::decode(&bytes).unwrap();
        println!("npz read {:?}", t.elapsed());
        println!("vectorizer {} bytes", serde_json::to_vec(&v).unwrap().len());
    }
}
