//! Types as the contract writes them, and which of two is the other with something more.
//!
//! More than the contract says is welcome, where nobody who knows only the contract notices: a field
//! more in a result, and a parameter that may be left out.

use std::iter::Peekable;
use std::str::Chars;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Type {
    /// `{a: string, b?: integer}`
    Object(Vec<Field>),
    /// `[string]`
    List(Box<Type>),
    /// `string`
    Plain(String),
    /// `string | null`
    OneOf(Vec<Type>),
}

/// A field of an object, or a parameter of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    optional: bool,
    of: Type,
}

/// Whether two lines of tools, as the contract has them, are the same but for what `got` has more.
pub(super) fn is_same_with_more(got: &str, expected: &str) -> bool {
    let (Some(got), Some(expected)) = (Tool::read(got), Tool::read(expected)) else {
        return false;
    };
    let may_be_left_out = |field: &Field| field.optional;
    got.name == expected.name
        && has_all(&got.parameters, &expected.parameters, may_be_left_out)
        && has_more(&got.result, &expected.result)
}

fn has_more(got: &Type, expected: &Type) -> bool {
    match (got, expected) {
        (Type::Object(got), Type::Object(expected)) => has_all(got, expected, |_| true),
        (Type::List(got), Type::List(expected)) => has_more(got, expected),
        _ => got == expected,
    }
}

/// Whether all that is expected is there, and whatever else is there is welcome.
fn has_all(got: &[Field], expected: &[Field], is_welcome: impl Fn(&Field) -> bool) -> bool {
    let of_name = |name: &str, fields: &[Field]| {
        let mut fields = fields.iter();
        fields.find(|field| field.name == name).cloned()
    };
    let is_there = |expected: &Field| {
        of_name(&expected.name, got)
            .is_some_and(|got| got.optional == expected.optional && has_more(&got.of, &expected.of))
    };
    let is_expected = |got: &Field| of_name(&got.name, expected).is_some();
    expected.iter().all(is_there) && got.iter().all(|got| is_expected(got) || is_welcome(got))
}

/// `tool buy_product(product_name: string, quantity: integer) → {…}`
struct Tool<'a> {
    name: &'a str,
    parameters: Vec<Field>,
    result: Type,
}

impl<'a> Tool<'a> {
    /// `None` for what is no tool's line, and for names that look like something else.
    fn read(line: &'a str) -> Option<Self> {
        let (name, rest) = line.strip_prefix("tool ")?.split_once('(')?;
        let mut rest = rest.chars().peekable();
        let parameters = fields(&mut rest, ')')?;
        let result: String = rest.collect();
        let mut result = result.strip_prefix(" → ")?.chars().peekable();
        let tool = Self {
            name,
            parameters,
            result: one_type(&mut result)?,
        };
        result.next().is_none().then_some(tool)
    }
}

/// Fields, up to what closes them.
fn fields(text: &mut Peekable<Chars<'_>>, end: char) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    loop {
        let mut name = String::new();
        loop {
            match text.next()? {
                letter if letter == end && name.is_empty() => return Some(fields),
                ':' => break,
                letter => name.push(letter),
            }
        }
        text.next_if_eq(&' ')?;
        let optional = name.ends_with('?');
        fields.push(Field {
            name: name.trim_end_matches('?').to_owned(),
            optional,
            of: one_type(text)?,
        });
        match text.next()? {
            ',' => _ = text.next_if_eq(&' ')?,
            letter if letter == end => return Some(fields),
            _ => return None,
        }
    }
}

fn one_type(text: &mut Peekable<Chars<'_>>) -> Option<Type> {
    let mut types = vec![one_alternative(text)?];
    while text.next_if_eq(&' ').is_some() {
        text.next_if_eq(&'|')?;
        text.next_if_eq(&' ')?;
        types.push(one_alternative(text)?);
    }
    match types.len() {
        1 => types.pop(),
        _ => Some(Type::OneOf(types)),
    }
}

fn one_alternative(text: &mut Peekable<Chars<'_>>) -> Option<Type> {
    if text.next_if_eq(&'{').is_some() {
        return fields(text, '}').map(Type::Object);
    }
    if text.next_if_eq(&'[').is_some() {
        let of = one_type(text)?;
        text.next_if_eq(&']')?;
        return Some(Type::List(Box::new(of)));
    }
    let mut plain = String::new();
    while let Some(letter) = text.next_if(|letter| !",)}] ".contains(*letter)) {
        plain.push(letter);
    }
    Some(Type::Plain(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_or_an_optional_parameter_more_is_welcome_and_nothing_else_is() {
        let expected = "tool buy(name: string, n?: integer) → {all: [{a: string}], b: integer}";
        let same = [
            expected,
            "tool buy(name: string, n?: integer) → {all: [{a: string, c?: any}], b: integer, d: {}}",
            "tool buy(n?: integer, name: string, note?: string | integer) → {all: [{a: string}], b: integer}",
            "tool buy(name: string, n?: integer) → {all: [{a: string}], b: integer, c: [{d: any}] | null}",
        ];
        let others = [
            "tool sell(name: string, n?: integer) → {all: [{a: string}], b: integer}",
            "tool buy(name: string, n: integer) → {all: [{a: string}], b: integer}",
            "tool buy(name: string, n?: integer, note: string) → {all: [{a: string}], b: integer}",
            "tool buy(name: string) → {all: [{a: string}], b: integer}",
            "tool buy(name: string, n?: integer) → {all: {a: string}, b: integer}",
            "tool buy(name: string, n?: integer) → {all: [{a: integer}], b: integer}",
            "tool buy(name: string, n?: integer) → {all: [{c: string}], b: integer}",
            "tool buy(name: string, n?: integer) → {all: [{a: string | null}], b: integer}",
            "tool buy(name: string, n?: integer) → {all: [{a: string}] | null, b: integer}",
            "tool buy(name: string, n?: integer) → no declared result",
            "tool buy(name: string, n?: integer) → {all: [{a: string}], b: integer",
            "prompt buy(name)",
            "",
        ];
        for line in same {
            assert!(is_same_with_more(line, expected), "{line}");
        }
        for line in others {
            assert!(!is_same_with_more(line, expected), "{line}");
        }
    }
}
