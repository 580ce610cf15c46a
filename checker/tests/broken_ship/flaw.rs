//! What can be wrong with the store of exercise 6.

use crate::flaw_set::{FlawSet, flaws};

pub type Flaws = FlawSet<Flaw>;

flaws! {
    // The database.
    "6.1" {
        /// The stock is in memory, and so are the orders
        InMemory,
        /// Each start fills the shelves again
        FillsAtEachStart,
        /// Who bought what is only in memory
        OrdersInMemory,
        /// The stock is read once, at the start
        StockOfTheStart,
        /// The stock is looked at before the sale, which does not look again
        GapBeforeSale,
        /// The sale and the order are two transactions
        TwoTransactions,
        /// The receipt is sent before the sale is stored
        ReceiptBeforeSale,
        /// While somebody else writes, it gives up at once
        GivesUpWhenBusy,
    }
    // Questions in SQL.
    "6.2" {
        /// The description does not say what the table is called, and what is in it
        TableUndescribed,
        /// A row is an object
        RowsAsObjects,
        /// A sum is a string
        SumsAsText,
        /// What is not there is the text NULL
        NullAsText,
        /// Without a row there are no columns
        ColumnsOfRows,
        /// Days are written as 28.07.2026
        LocalDays,
        /// The view says who bought
        ShowsBuyer,
        /// Sales are known as they were at the start
        SalesOfTheStart,
        /// A query with a word such as update is refused, wherever it is
        ForbidsWords,
        /// The limit is always 100
        IgnoresLimit,
        /// Without a limit it is 1000
        HighDefault,
        /// Any limit is taken
        NoMostRows,
        /// It never says that there are more rows
        NeverTruncated,
        /// As many rows as asked for count as truncated
        FullMeansTruncated,
        /// Texts can have any length
        LongTexts,
        /// Every statement is run
        Writes,
        /// A statement that writes is run, and then refused
        WritesAndRefuses,
        /// Of several statements, the first one is run
        FirstOfSeveral,
        /// Pragmas are run
        Pragmas,
        /// The table of orders can be read
        AllTables,
        /// Only the outer query is looked at
        LooksAtOuterTables,
        /// A name after WITH is allowed everywhere in the query
        TrustsNames,
        /// The schema can be read
        ShowsSchema,
        /// Functions that return tables can be called
        TableFunctions,
        /// All functions can be called
        AnyFunction,
        /// A refusal says no
        SilentRefusal,
        /// A refusal does not say what can be queried
        UnhelpfulRefusal,
        /// A query can take forever
        EndlessQueries,
        /// The tool gives up, but the query goes on
        GoesOn,
        /// A query that takes too long has no rows
        EndsEmpty,
    }
    // Unusual, and right.
    "harmless" {
        /// A limit above 1000 is an error of JSON-RPC
        RefusesHighLimits,
        /// Recursion is refused
        RefusesRecursion,
        /// The columns of * are in another order
        ColumnsTurned,
        /// Every number has a decimal point
        FloatsOnly,
    }
    "missing" {
        /// There is no query_sales
        NoQuestions,
    }
}
