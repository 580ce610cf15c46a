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

    // Several instances.
    "6.7" {
        /// Each instance makes up its own key
        OwnKey,
        /// The key is in the program
        KeyInProgram,
        /// Each instance remembers for itself which questions were answered
        SpentInMemory,
        /// Looks whether a question was answered, and only writes it down later
        GapBeforeSpending,
        /// A question can be answered again and again
        NeverSpent,
        /// Legacy clients get a session, which lives in one instance
        SessionsOfOneInstance,
        /// Does not say why a legacy client cannot buy
        LegacyWithoutReason,
    }

    "harmless" {
        /// Refuses legacy clients at once, if there are several instances
        RefusesLegacyClients,
    }
}
