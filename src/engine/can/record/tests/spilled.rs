//! What does not fit into the queue of a recorder.

use super::*;
use crate::engine::can::record::tap::Word;

fn batch(count: u32) -> Arc<Frames> {
    let mut frames = Frames::new(base());
    (0..count).for_each(|n| frames.push(frame(n).view()));
    Arc::new(frames)
}

#[test]
fn what_does_not_fit_is_counted_and_told_before_what_fits() {
    let (mut tap, out, aside) = tap(2);
    for number in 0..5 {
        tap.frames(number * 10, &batch(10));
    }
    tap.word(Told::Gap(7, "x".into()));
    assert_eq!(aside.frames(), 37);
    assert_eq!((out.recv().unwrap().missed, out.recv().unwrap().missed), (0, 0));
    tap.frames(50, &batch(3));
    let told = out.recv().unwrap();
    assert_eq!(told.missed, 37);
    assert!(matches!(told.what, Told::Frames(50, frames) if frames.len() == 3));
    drop(tap);
    assert!(out.recv().is_err());
}

#[test]
fn words_of_a_rule_that_do_not_fit_are_put_aside_in_their_order() {
    let cases: [(&[Told], Word); 5] = [
        (&[Told::Begin], Word::Begin),
        (&[Told::End], Word::End),
        (&[Told::Begin, Told::End], Word::BeginAndEnd),
        (&[Told::End, Told::Begin], Word::Begin),
        (&[Told::Begin, Told::End, Told::End], Word::BeginAndEnd),
    ];
    for (words, wanted) in cases {
        let (mut tap, out, aside) = tap(1);
        tap.frames(0, &batch(1));
        words.iter().for_each(|word| tap.word(word.clone()));
        assert!(!out.recv().unwrap().has_word, "nothing was put aside before it");
        tap.frames(1, &batch(1));
        assert!(out.recv().unwrap().has_word, "{words:?}");
        assert_eq!((aside.take_word(), aside.take_word()), (Some(wanted), None), "{words:?}");
        tap.frames(2, &batch(1));
        assert!(!out.recv().unwrap().has_word);
    }
}
