//! Which SQL a model may run: one query of the view `sales`. Everything that is not listed here is refused.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Ident, InTarget, ObjectName, ObjectNamePart, Query, Select,
    SetExpr, Statement, TableFactor, Value, ValueWithSpan, Visit, Visitor, visit_relations,
};
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use thiserror::Error;

/// How many bytes of SQL are parsed. A long chain of operators would become a deep tree.
const LONGEST: usize = 4000;

/// The functions that a query may call: none of them reads a file, waits, or makes a long text.
const FUNCTIONS: [&str; 37] = [
    // Many rows become one value.
    "count",
    "sum",
    "total",
    "avg",
    "min",
    "max",
    // Numbers, and values that may be missing.
    "abs",
    "round",
    "ceil",
    "ceiling",
    "floor",
    "mod",
    "coalesce",
    "ifnull",
    "nullif",
    // Texts. None of them makes a text longer.
    "lower",
    "upper",
    "length",
    "substr",
    "substring",
    "trim",
    "ltrim",
    "rtrim",
    // Dates.
    "current_date",
    "date",
    "julianday",
    "strftime",
    "date_part",
    "date_trunc",
    "to_char",
    // One row among others.
    "row_number",
    "rank",
    "dense_rank",
    "ntile",
    "lag",
    "lead",
    "first_value",
];

/// Why a query is refused. A model reads the text, so each one says what would work.
#[derive(Debug, Error)]
pub enum NotAllowed {
    #[error("The query is longer than {LONGEST} bytes. Ask a shorter question.")]
    TooLong,
    #[error("This is not valid SQL: {0}. Send one SELECT statement.")]
    Syntax(#[from] ParserError),
    #[error("Send exactly one statement. To run several queries, call the tool once for each.")]
    NotOne,
    #[error(
        "Only SELECT is allowed, because this tool cannot change anything. Query the table sales."
    )]
    NotAQuery,
    #[error(
        "The table {0} is not available. The only table is sales, with the columns product_name, \
         quantity, total_cents and sold_on. Write its name without a schema."
    )]
    Table(String),
    #[error("The function {0} is not available. Use one of these: {list}.", list = FUNCTIONS.join(", "))]
    Function(String),
    #[error("{0} is not available. Use columns, numbers, texts, comparisons, + - * / and CASE.")]
    Expression(String),
}

/// The one query in this text, if it only does what is allowed.
pub fn query(sql: &str, dialect: &dyn Dialect) -> Result<Query, NotAllowed> {
    if sql.len() > LONGEST {
        return Err(NotAllowed::TooLong);
    }
    let mut statements = Parser::parse_sql(dialect, sql)?;
    let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
        return Err(NotAllowed::NotOne);
    };
    let Statement::Query(query) = statement else {
        return Err(NotAllowed::NotAQuery);
    };
    match query.visit(&mut Rules::default()) {
        ControlFlow::Continue(()) => Ok(*query),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

/// What is allowed. sqlparser visits every part of the query, wherever it is: in a subquery, in a join, in
/// `ORDER BY` or in `LIMIT`.
#[derive(Default)]
struct Rules {
    /// The names after `WITH`, of the query that is visited and of those around it.
    with: Vec<Vec<String>>,
}

impl Visitor for Rules {
    type Break = NotAllowed;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<NotAllowed> {
        // `FOR UPDATE` locks rows, and `|>` and the others are not standard SQL.
        let only_reads = only_selects(&query.body)
            && query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty();
        allow(only_reads, || NotAllowed::NotAQuery)?;
        own_names_only(query)?;
        self.with.push(with_names(query));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<NotAllowed> {
        self.with.pop();
        ControlFlow::Continue(())
    }

    // `SELECT … INTO` creates a table.
    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<NotAllowed> {
        allow(select.into.is_none(), || NotAllowed::NotAQuery)
    }

    // ANCHOR: step_6_2
    // TODO 6.2: allow only the table `sales` and the names after `WITH`; in `FROM`, only tables without
    // arguments, subqueries and joins; and only the functions and expressions that are listed. Add
    // `pre_visit_table_factor` and `pre_visit_expr`.
    fn pre_visit_relation(&mut self, _table: &ObjectName) -> ControlFlow<NotAllowed> {
        todo!("6.2")
    }
    // ANCHOR_END: step_6_2

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<NotAllowed> {
        let allowed = matches!(
            value.value,
            Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null
        );
        allow(allowed, || NotAllowed::Expression(value.to_string()))
    }
}

/// Goes on, or stops with a refusal.
fn allow(allowed: bool, refusal: impl FnOnce() -> NotAllowed) -> ControlFlow<NotAllowed> {
    if allowed {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(refusal())
    }
}

/// Whether this only selects. In a `WITH`, PostgreSQL also accepts statements that write.
fn only_selects(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => true,
        SetExpr::SetOperation { left, right, .. } => only_selects(left) && only_selects(right),
        _ => false,
    }
}

/// The names that `WITH` defines for this query.
fn with_names(query: &Query) -> Vec<String> {
    let tables = query.with.iter().flat_map(|with| &with.cte_tables);
    tables.map(|table| as_read(&table.alias.name)).collect()
}

/// Without `RECURSIVE`, a name after `WITH` is only known in what follows. In
/// `WITH orders AS (SELECT * FROM orders) …`, PostgreSQL reads the real table.
fn own_names_only(query: &Query) -> ControlFlow<NotAllowed> {
    let names = with_names(query);
    let Some(with) = query.with.as_ref().filter(|with| !with.recursive) else {
        return ControlFlow::Continue(());
    };
    for (place, table) in with.cte_tables.iter().enumerate() {
        visit_relations(&table.query, |used| {
            let is_later = single_name(used)
                .is_some_and(|name| name != "sales" && names[place..].contains(&name));
            allow(!is_later, || NotAllowed::Table(used.to_string()))
        })?;
    }
    ControlFlow::Continue(())
}

/// A name without a schema, as the database reads it.
fn single_name(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some(as_read(name)),
        _ => None,
    }
}

/// PostgreSQL reads `Orders` as `orders`, but `"Orders"` as it is written. They are two names.
fn as_read(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_ascii_lowercase(),
    }
}

/// Whether this is an expression that only calculates. What it contains is visited, too.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { op, .. } => is_plain_operator(op),
        Expr::Cast { data_type, .. } => is_plain_type(data_type),
        Expr::TypedString(text) => is_plain_type(&text.data_type),
        Expr::In { target, .. } => matches!(target, InTarget::List(_) | InTarget::Subquery(_)),
        // PostgreSQL reads `current_role` as a function: it tells how the store signs in.
        Expr::Identifier(name) => !as_read(name).starts_with("current_"),
        Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::Nested(_)
        | Expr::Tuple(_)
        | Expr::UnaryOp { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::Extract { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. }
        | Expr::Substring { .. }
        | Expr::Trim { .. }
        | Expr::Interval(_)
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(..) => true,
        _ => false,
    }
}

/// `||` is missing: with it, a short query could build a text that fills the memory.
fn is_plain_operator(operator: &BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::Gt
            | BinaryOperator::Lt
            | BinaryOperator::GtEq
            | BinaryOperator::LtEq
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::And
            | BinaryOperator::Or
    )
}

fn is_plain_type(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int(_)
            | DataType::Integer(_)
            | DataType::BigInt(_)
            | DataType::Numeric(_)
            | DataType::Decimal(_)
            | DataType::Real
            | DataType::Float(_)
            | DataType::Double(_)
            | DataType::DoublePrecision
            | DataType::Boolean
            | DataType::Text
            | DataType::Varchar(_)
            | DataType::Date
            | DataType::Timestamp(..)
    )
}
