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
    // The carrier.
    "6.3" {
        /// A failure is final, although it may go away by itself
        AsksOnce,
        /// Every failure is tried again
        RetriesEverything,
        /// A bug of the carrier is tried again
        RetriesBugs,
        /// A busy carrier is asked five times
        AsksFiveTimes,
        /// There is no pause before the next attempt
        PausesNever,
        /// Every pause is as long as the first
        PausesTheSame,
        /// `Retry-After` is not read
        IgnoresRetryAfter,
        /// A date in `Retry-After` is not read
        ReadsSecondsOnly,
        /// It waits for as long as the carrier wants
        WaitsAnHour,
        /// A model is not told when the carrier wants to be asked again
        SaysLater,
        /// It waits for an answer forever
        WaitsForAnswer,
        /// It waits for the end of an answer forever
        WaitsForBody,
        /// A call that waits keeps its turn
        PausesInTurn,
        /// All calls are sent at once
        AsksAllAtOnce,
        /// Each user has turns of their own
        TurnsForEachUser,
        /// Redirects are followed
        FollowsRedirects,
        /// Redirects are followed, with the key
        KeyFollowsRedirects,
        /// There is no User-Agent
        SaysNotWho,
        /// The User-Agent is that of a library
        IsALibrary,
        /// The key is not sent
        SendsNoKey,
        /// A space in a postal code becomes a plus
        SpaceAsPlus,
        /// Whatever a model says becomes a part of the address
        AsksAnything,
        /// Whatever a model says is encoded, and asked for
        EncodesAnything,
        /// A model is told the address and the error of the library
        TellsAddress,
        /// A model is told what the carrier's error page says
        TellsPage,
        /// A model is told the key
        TellsKey,
        /// The key is in the log
        LogsKey,
        /// The address of each request is in the log
        LogsAddress,
        /// A failure is a delivery for nothing
        FailsSilently,
        /// What is missing in an answer is 0
        FreeByDefault,
        /// An answer is read to its end, however long it is
        ReadsEverything,
        /// The price is in dollars
        QuotesDollars,
        /// A call that was cancelled asks on
        AsksOnWhenCancelled,
    }
    // Limits.
    "6.4" {
        /// Calls are not counted
        CountsNoCalls,
        /// Calls are counted by token
        CountsByToken,
        /// All users share one limit
        CountsEverybody,
        /// Half as many calls are allowed as the setting says
        HalfTheCalls,
        /// Looking at the tools counts as a call
        CountsLists,
        /// Too many calls are HTTP 429
        AnswersWith429,
        /// Too many calls are a protocol error
        RefusesWithError,
        /// A user is not told when to come back
        NotSaysWhen,
        /// A user is told to come back too soon
        ComesBackTooSoon,
        /// There is no deadline
        TakesItsTime,
        /// The deadline is a protocol error
        DeadlineIsNoResult,
        /// After the deadline, the work goes on
        WorksOn,
        /// After a call was cancelled, the work goes on
        WorksOnWhenCancelled,
        /// The deadline includes the time in which a user thinks
        NoTimeToThink,
        /// A request may have any size
        CountsNoBytes,
        /// Only Content-Length is looked at
        BelievesLength,
        /// A request is read to its end before it is refused
        ReadsFirst,
        /// A request of exactly the size that is allowed is refused
        OneByteLess,
        /// A request that is too large is a bad request
        BadRequestInstead,
    }

    // Ready, and stopping.
    "6.6" {
        /// Whoever asks for its health needs a token
        HealthNeedsToken,
        /// Whoever asks whether it is ready needs a token
        ReadyNeedsToken,
        /// Nobody can ask whether it is ready
        NoReadiness,
        /// It is never ready
        NeverReady,
        /// It does not handle SIGTERM, which ends it
        KnowsNoSignal,
        /// It cuts off the calls that run
        CutsOffCalls,
        /// From SIGTERM on, no progress is reported
        NoMoreProgress,
        /// It says that it is ready until it ends
        ReadyToTheEnd,
        /// It goes on to serve whoever comes
        TakesNewWork,
        /// An idle stream holds it up
        WaitsForStreams,
        /// It always waits as long as it may
        WaitsTheWholeTime,
        /// A long call holds it up as long as it likes
        WaitsForever,
        /// It ends with the exit code that the signal would give
        OddExitCode,
        /// If it cuts off a call, its exit code is 1
        FailsWhenCuttingOff,
        /// A second signal makes it crash
        CrashesWhenAskedTwice,
        /// A second signal makes it hang
        HangsWhenAskedTwice,
        /// From SIGTERM on, it stores nothing
        StoresNothingMore,
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
        /// If there are others, it does not finish its calls
        HurriesIfShared,
        /// At its end, it writes the stock that it knew at its start
        WritesBackWhatItRemembers,
    }

    "harmless" {
        /// There is one request to the carrier at a time
        AsksOneAtATime,
        /// A quote is in numbers such as 490.0
        QuotesFloats,
        /// The limit is for a minute that begins with the first call
        CountsByTheMinute,
        /// A request that says to be too large is refused before it is read
        SaysAtOnce,
        /// Refuses legacy clients at once, if there are several instances
        RefusesLegacyClients,
        /// It listens until it ends, and answers 503
        AnswersWhileStopping,
        /// A second signal ends it at once
        EndsWhenAskedTwice,
        /// Its health is a document
        HealthInJson,
    }
    "missing" {
        /// There is no carrier
        NoCarrier,
        /// There are no limits
        NoLimits,
        /// Nobody can ask how it is
        NoHealth,
    }
}
