//! Types as the contract writes them, and which of two is the other with something more.
//!
//! More than the contract says is welcome, where nobody who knows only the contract notices: a field
//! more in a result, and a parameter that may be left out.

use std::fmt;
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

/// A tool's line with its fields in the order of another line: a field that both have comes at the
/// same place, and a renamed one where a field of its type is missing. `None` for other lines.
pub(super) fn in_order_of(expected: &str, got: &str) -> Option<String> {
    let (got, expected) = (Tool::read(got)?, Tool::read(expected)?);
    let got = Tool {
        name: got.name,
        parameters: fields_in_order(got.parameters, &expected.parameters),
        result: type_in_order(got.result, &expected.result),
    };
    Some(got.to_string())
}

fn type_in_order(got: Type, expected: &Type) -> Type {
    match (got, expected) {
        (Type::Object(got), Type::Object(expected)) => Type::Object(fields_in_order(got, expected)),
        (Type::List(got), Type::List(expected)) => {
            Type::List(Box::new(type_in_order(*got, expected)))
        }
        (got, _) => got,
    }
}

fn fields_in_order(mut got: Vec<Field>, expected: &[Field]) -> Vec<Field> {
    let is_known = |field: &Field| expected.iter().any(|one| one.name == field.name);
    let mut fields = Vec::new();
    for one in expected {
        let same = got.iter().position(|field| field.name == one.name);
        let is_renamed = |field: &Field| !is_known(field) && field.of == one.of;
        if let Some(position) = same.or_else(|| got.iter().position(is_renamed)) {
            let field = got.remove(position);
            let of = type_in_order(field.of, &one.of);
            fields.push(Field { of, ..field });
        }
    }
    fields.extend(got);
    fields
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

impl fmt::Display for Tool<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = joined(&self.parameters, ", ");
        write!(out, "tool {}({parameters}) → {}", self.name, self.result)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(fields) => write!(out, "{{{}}}", joined(fields, ", ")),
            Self::List(of) => write!(out, "[{of}]"),
            Self::Plain(name) => out.write_str(name),
            Self::OneOf(types) => out.write_str(&joined(types, " | ")),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = if self.optional { "?" } else { "" };
        write!(out, "{}{optional}: {}", self.name, self.of)
    }
}

fn joined(all: &[impl fmt::Display], separator: &str) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(separator)
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

    #[test]
    fn a_renamed_field_comes_where_the_one_that_is_missing_would_be() {
        let expected =
            "tool buy(name: string, quantity: integer) → {all: [{a: string, b?: integer}]}";
        for (got, in_order) in [
            (expected, expected),
            (
                "tool buy(count: integer, name: string) → {all: [{a: string, b?: integer}]}",
                "tool buy(name: string, count: integer) → {all: [{a: string, b?: integer}]}",
            ),
            (
                "tool buy(name: string, a_note: string) → {all: [{a: string | null, z: {}}]}",
                "tool buy(name: string, a_note: string) → {all: [{a: string | null, z: {}}]}",
            ),
            (
                "tool buy(a_note: string, name: string) → {all: [{_a: integer, a: string}]}",
                "tool buy(name: string, a_note: string) → {all: [{a: string, _a: integer}]}",
            ),
        ] {
            assert_eq!(in_order_of(expected, got).as_deref(), Some(in_order));
        }
        assert_eq!(in_order_of(expected, "prompt buy(name)"), None);
    }
}
