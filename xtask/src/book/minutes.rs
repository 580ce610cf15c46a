//! The tables of *Teaching this workshop*: their minutes add up, and agree with `course.toml`. Nobody adds up
//! numbers on a page while a room waits.

use std::fs;

use checker::course::Course;

const GUIDE: &str = "book/src/teaching.md";

/// The rows of each table whose first column is `at`, by cells.
fn tables() -> Vec<Vec<Vec<String>>> {
    let text = fs::read_to_string(crate::root().unwrap().join(GUIDE)).unwrap();
    let mut tables = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("| at |") {
            let rows = lines.by_ref().take_while(|line| line.starts_with('|'));
            // The first of them is the rule below the head.
            tables.push(rows.skip(1).map(cells).collect());
        }
    }
    tables
}

fn cells(row: &str) -> Vec<String> {
    let cells = row.trim_matches('|').split('|');
    cells.map(|cell| cell.trim().to_owned()).collect()
}

/// `1:05` in minutes.
fn at(clock: &str) -> u32 {
    let (hours, minutes) = clock.split_once(':').unwrap();
    hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()
}

fn number(text: &str) -> u32 {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is not a number"))
}

#[test]
fn what_can_be_cut_agrees_with_the_course_and_adds_up() {
    let course = Course::load(&crate::root().unwrap().join("course.toml")).unwrap();
    let tables = tables();
    let late = tables.first().unwrap();
    let mut from_here: u32 = late.iter().map(|row| number(&row[4])).sum();
    for row in late {
        let (begins, module) = course
            .timetable()
            .find(|(begins, _)| *begins == at(&row[0]))
            .unwrap_or_else(|| panic!("nothing starts at {}", row[0]));
        assert!(module.title.starts_with(&row[1]), "{begins}: {}", row[1]);
        let (plan, short) = row[2].split_once(" → ").unwrap();
        assert_eq!(number(plan), module.minutes, "{row:?}");
        assert_eq!(number(plan) - number(short), number(&row[4]), "{row:?}");
        assert_eq!(number(&row[5]), from_here, "{row:?}");
        from_here -= number(&row[4]);
    }
}

#[test]
fn the_timetables_of_two_and_seven_hours_have_no_gap() {
    let tables = tables();
    let [_late, two, seven] = tables.as_slice() else {
        panic!("{} tables begin with `at`", tables.len());
    };
    for (rows, hours) in [(two, 2), (seven, 7)] {
        let mut now = 0;
        for row in rows {
            assert_eq!(at(&row[0]), now, "{row:?}");
            now += row[1].parse::<u32>().unwrap_or_default();
        }
        assert_eq!(now, hours * 60);
        assert_eq!(rows.last().unwrap()[2], "the end");
    }
}
