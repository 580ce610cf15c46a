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

    // Logs, traces and metrics.
    "6.5" {
        /// The header x-request-id is empty
        EmptyRequestId,
        /// All requests have the same ID
        OneIdForAll,
        /// Logs are text
        LogsText,
        /// Some lines have no ID
        LogsWithoutId,
        /// Nothing is logged
        LogsNothing,
        /// Arguments are logged
        LogsArguments,
        /// Results are logged
        LogsResults,
        /// Tokens are logged
        LogsToken,
        /// Each call begins a trace of its own
        OwnTraces,
        /// The context in _meta is ignored
        IgnoresMeta,
        /// The context in the header is ignored
        IgnoresHeader,
        /// The context in the header comes first
        HeaderBeforeMeta,
        /// Spans are in the client's trace, and have no parent
        NoParent,
        /// Each call has two spans
        TwoSpans,
        /// A call that is refused has no span
        NoSpanOfProtocolErrors,
        /// Spans are named after a function
        SpanNamedByFunction,
        /// Spans are internal ones
        InternalSpans,
        /// Spans do not have the tool's name as an attribute
        NoToolName,
        /// Tool errors look like successes
        ToolErrorsAreFine,
        /// Protocol errors look like successes
        ProtocolErrorsAreFine,
        /// Successes look like errors
        EverythingFails,
        /// Errors have a status without a type
        NoErrorType,
        /// Errors have a type, and no status
        StatusUnset,
        /// Arguments are in the spans
        ArgumentsInSpan,
        /// Results are in the spans
        ResultInSpan,
        /// Nothing is measured
        NoMetrics,
        /// Only successes are measured
        CountsSuccessOnly,
        /// The count stays at 1
        CountStandsStill,
        /// A call is answered after its span is sent
        SendsBeforeAnswer,
        /// A call fails if its span cannot be sent
        FailsWithoutCollector,
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

    // Unusual, and right.
    "harmless" {
        /// What is baked is in stock when the whole order is done
        ShelvesAtTheEnd,
        /// A limit above 1000 is an error of JSON-RPC
        RefusesHighLimits,
        /// Recursion is refused
        RefusesRecursion,
        /// The columns of * are in another order
        ColumnsTurned,
        /// Every number has a decimal point
        FloatsOnly,
        /// There is one request to the carrier at a time
        AsksOneAtATime,
        /// A quote is in numbers such as 490.0
        QuotesFloats,
        /// The limit is for a minute that begins with the first call
        CountsByTheMinute,
        /// A request that says to be too large is refused before it is read
        SaysAtOnce,
        /// Its metrics count from one message to the next
        DeltaMetrics,
        /// The HTTP request has a span, too
        SpanOfRequest,
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
        /// There is no query_sales
        NoQuestions,
        /// There is no carrier
        NoCarrier,
        /// There are no limits
        NoLimits,
        /// It sends nothing about itself
        NoTelemetry,
        /// Its spans have attributes of its own
        OwnAttributes,
        /// Nobody can ask how it is
        NoHealth,
    }
}
