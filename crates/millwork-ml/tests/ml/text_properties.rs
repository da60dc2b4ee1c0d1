//! What holds for any parameters and documents: neither threads nor chunks nor neighbours change a bit.

use millwork_ml::features::Features;
use millwork_ml::text::{
    Analyzer, CountParams, DocumentFrequency, HashingParams, HashingVectorizer, Norm, StripAccents,
    TextError, TfidfParams, TfidfVectorizer,
};
use proptest::prelude::*;

fn documents() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        4 => "[a-d]{1,3}",
        2 => "[A-Da-d]{7,12}",
        1 => "[éßΣσİ½日\u{301}’ \t]{1,4}",
        1 => "\\PC{0,6}",
    ];
    let document = prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "));
    prop::collection::vec(document, 1..70)
}

fn frequency() -> impl Strategy<Value = DocumentFrequency> {
    prop_oneof![
        (1..4u64).prop_map(DocumentFrequency::Count),
        (0.0..0.2f64).prop_map(DocumentFrequency::Share),
    ]
}

prop_compose! {
    fn count_params()(
        (lowercase, binary) in any::<(bool, bool)>(),
        strip_accents in prop::sample::select(vec![StripAccents::None, StripAccents::Ascii, StripAccents::Unicode]),
        analyzer in prop::sample::select(vec![Analyzer::Word, Analyzer::Char, Analyzer::CharWb]),
        (least, more) in (1..4usize, 0..3usize),
        stop_words in prop::collection::vec("[a-d]{1,2}", 0..3),
        token_pattern in prop::sample::select(vec![r"(?u)\b\w\w+\b", r"\b\w+\b", r"\S+", r"\b([a-d]+)\W"]),
        min_df in frequency(),
        max_features in prop::option::of(1..40usize),
    ) -> CountParams {
        let ngram_range = (least, least + more);
        let token_pattern = token_pattern.to_owned();
        CountParams {
            lowercase, strip_accents, analyzer, ngram_range, stop_words, token_pattern, min_df, max_features, binary,
            ..CountParams::default()
        }
    }
}

prop_compose! {
    fn tfidf_params()(
        counts in count_params(),
        norm in prop::sample::select(vec![Norm::None, Norm::L1, Norm::L2]),
        (use_idf, smooth_idf, sublinear_tf) in any::<(bool, bool, bool)>(),
    ) -> TfidfParams {
        TfidfParams { counts, norm, use_idf, smooth_idf, sublinear_tf }
    }
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool").install(work)
}

fn check_one_by_one(documents: &[String], features: &Features, transform: impl Fn(&[&String]) -> Features) {
    for (row, document) in documents.iter().enumerate() {
        assert_eq!(transform(&[document]).row(0), features.row(row), "{document:?}");
    }
}

/// What is compared of a fit.
fn parts(fit: Result<(TfidfVectorizer, Features), TextError>) -> Result<(String, Features), TextError> {
    fit.map(|(vectorizer, features)| (serde_json::to_string(&vectorizer).expect("JSON"), features))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tfidf_is_the_same_on_any_number_of_threads(params in tfidf_params(), documents in documents()) {
        let fit = on_threads(1, || params.fit_transform(&documents));
        let expected = parts(fit.clone());
        for threads in [2, 3, 8] {
            let found = parts(on_threads(threads, || params.fit_transform(&documents)));
            prop_assert_eq!(&found, &expected, "{} threads", threads);
        }
        if let Ok((vectorizer, features)) = fit {
            prop_assert_eq!(&on_threads(3, || vectorizer.transform(&documents)), &features);
            check_one_by_one(&documents, &features, |documents| vectorizer.transform(documents));
        }
    }

    #[test]
    fn hashes_are_the_same_on_any_number_of_threads(
        counts in count_params(),
        n_features in 1..100usize,
        norm in prop::sample::select(vec![Norm::None, Norm::L1, Norm::L2]),
        documents in documents(),
    ) {
        let CountParams { lowercase, strip_accents, analyzer, ngram_range, stop_words, token_pattern, binary, .. } = counts;
        let params = HashingParams {
            lowercase, strip_accents, analyzer, ngram_range, stop_words, token_pattern, binary, norm, n_features,
            alternate_sign: true,
        };
        let vectorizer = HashingVectorizer::new(&params).expect("valid parameters");
        let features = on_threads(1, || vectorizer.transform(&documents));
        for threads in [2, 3, 8] {
            prop_assert_eq!(&on_threads(threads, || vectorizer.transform(&documents)), &features);
        }
        check_one_by_one(&documents, &features, |documents| vectorizer.transform(documents));
    }
}

#[test]
fn many_documents_are_the_same_on_any_number_of_threads() {
    let documents: Vec<String> = (0..20_000u64)
        .map(|number| {
            format!(
                "n{} common m{} incomprehensible{} n{}",
                number % 97,
                number % 13,
                number * 7919 % 3_001,
                number % 31
            )
        })
        .collect();
    let fit = |threads| parts(on_threads(threads, || TfidfVectorizer::fit_transform(&documents)));
    let expected = fit(1);
    for threads in [2, 3, 8] {
        assert_eq!(fit(threads), expected, "{threads} threads");
    }
}
