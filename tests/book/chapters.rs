//! A chapter and its exercise agree: steps, sections, minutes, and the parts that
//! every chapter has.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use grader::catalogue;
use scraper::Html;
use wirebook::workbook::{Exercise, Workbook};

use crate::pages::{attributes, built, css, pages, root, texts};

/// Each exercise with the page of its chapter.
fn chapters() -> Vec<(Exercise, Html)> {
    let exercises = Workbook::at(root()).exercises();
    assert!(exercises.broken.is_empty(), "{:?}", exercises.broken);
    let mut pages = pages();
    exercises
        .found
        .into_iter()
        .map(|exercise| {
            let name = format!("{}-{}.html", exercise.number, exercise.id);
            let page = pages.remove(&name);
            let page = page.unwrap_or_else(|| panic!("there is no page {name}"));
            (exercise, page)
        })
        .collect()
}

#[test]
fn the_steps_are_those_of_the_exercise() {
    for (exercise, page) in chapters() {
        let element = format!("wire-steps[exercise='{}']", exercise.id);
        let listed = texts(&page, &format!("{element} > ol > li"));
        let steps: Vec<String> = exercise
            .steps
            .iter()
            // The page sets typographic quotes, and code in its own font.
            .map(|step| step.title.replace('\'', "’").replace('`', ""))
            .collect();
        assert_eq!(listed, steps, "{}", exercise.id);
    }
}

#[test]
fn each_step_refers_to_a_section() {
    for (exercise, page) in chapters() {
        let ids = attributes(&page, "main [id]", "id");
        for step in &exercise.steps {
            let there = ids.contains(&step.section);
            assert!(there, "{}: {} is not there", step.name, step.section);
        }
    }
}

#[test]
fn the_minutes_are_those_of_the_exercise() {
    for (exercise, page) in chapters() {
        let said = texts(&page, "p.estimate");
        let (reading, solving) = (exercise.reading, exercise.solving);
        let due = format!("Reading {reading} min · Exercise {solving} min");
        assert_eq!(said, [due], "{}", exercise.id);
    }
}

#[test]
fn each_chapter_has_its_parts_in_order() {
    for (exercise, page) in chapters() {
        let parts = [
            "div.question",
            "section.predict",
            "div.beside",
            "section.myth",
            "#exercise",
            "wire-steps",
            "#quiz",
            "wire-quiz",
            "#further",
        ];
        let html = page.html();
        let mut last = 0;
        for part in parts {
            let found = page.select(&css(part)).next();
            let found = found.unwrap_or_else(|| panic!("{}: no {part}", exercise.id));
            // Where it stands: its own text, from where the last part was found.
            let place = html[last..].find(&found.html());
            let place = place.unwrap_or_else(|| panic!("{}: {part} is too early", exercise.id));
            last += place;
        }
        let myths = page.select(&css("section.myth")).count();
        let questions = page.select(&css("wire-quiz")).count();
        assert!((4..=7).contains(&questions), "{}: {questions}", exercise.id);
        assert!(myths >= 1, "{}", exercise.id);
    }
}

#[test]
fn each_question_has_one_right_answer() {
    for (exercise, page) in chapters() {
        for (index, quiz) in page.select(&css("wire-quiz")).enumerate() {
            let question = index + 1;
            let choices = quiz.select(&css("li input[type=checkbox]")).count();
            let right = quiz.select(&css("li input[checked]")).count();
            assert!((2..=5).contains(&choices), "{}, {question}", exercise.id);
            assert_eq!(right, 1, "{}, question {question}", exercise.id);
            let answered = quiz.select(&css("details > summary")).next().is_some();
            assert!(answered, "{}, question {question}", exercise.id);
        }
    }
}

/// Everything a chapter's page loads: itself, and what it names in its head and at its
/// end. The companion compresses it for the way; other servers may not.
#[test]
fn a_page_is_light() {
    const OVER_THE_NETWORK: usize = 300_000;
    const UNCOMPRESSED: usize = 450_000;
    for (exercise, page) in chapters() {
        let name = format!("{}-{}.html", exercise.number, exercise.id);
        let mut files = attributes(&page, "script[src]", "src");
        files.extend(attributes(&page, "link[rel=stylesheet]", "href"));
        files.push(name.clone());
        let (mut plain, mut packed) = (0, 0);
        for file in files {
            let bytes = fs::read(built().join(file)).unwrap_or_default();
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&bytes).expect("a vector takes everything");
            plain += bytes.len();
            packed += gzip.finish().expect("a vector takes everything").len();
        }
        println!(
            "{name}: {} kB, {} kB compressed",
            plain / 1000,
            packed / 1000
        );
        assert!(packed <= OVER_THE_NETWORK, "{name} weighs {packed} bytes");
        assert!(plain <= UNCOMPRESSED, "{name} weighs {plain} bytes");
    }
}

/// A report's `read` line leads to the chapter, and its steps have names that cargo
/// can select.
#[test]
fn the_catalogue_reads_what_the_compiler_sees() {
    for exercise in Workbook::at(root()).exercises().found {
        let source = fs::read_to_string(exercise.folder.join("tests/steps.rs")).expect("steps");
        let entries = catalogue::read(&source);
        let tests = source.matches("#[test]").count();
        assert_eq!(entries.len(), tests, "{}", exercise.id);
        for (index, entry) in entries.iter().enumerate() {
            assert_eq!(entry.label(), format!("s{}", index + 1), "{}", exercise.id);
            assert!(
                entry.title.ends_with('.'),
                "{}: {}",
                exercise.id,
                entry.title
            );
            assert!(!entry.section.is_empty(), "{}: {}", exercise.id, entry.name);
        }
    }
}
