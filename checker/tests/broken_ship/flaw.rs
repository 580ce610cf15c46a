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
}
