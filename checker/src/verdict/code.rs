//! The stable names of findings. Programs outside this repository read them in the JSON report: a
//! name is added, never changed or taken away.

use std::fmt;

use serde::{Serialize, Serializer};

/// Declares the codes once: each variant with the word for it.
macro_rules! codes {
    ($($variant:ident = $word:literal,)*) => {
        /// The stable name of a mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl Code {
            /// Every code that there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in reports: `accepts_zero`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

codes! {
    // Any program, whatever the exercise.
    ConnectionLost = "connection_lost",
    DidNotEnd = "did_not_end",
    DoesNotCompile = "does_not_compile",
    Forbidden = "forbidden",
    HttpError = "http_error",
    InternalError = "internal_error",
    MethodNotFound = "method_not_found",
    NeedsLogin = "needs_login",
    NoAnswer = "no_answer",
    NotJsonRpc = "not_json_rpc",
    NotListening = "not_listening",
    Panicked = "panicked",
    PortTaken = "port_taken",
    ProtocolError = "protocol_error",
    ServerExited = "server_exited",
    TooMuch = "too_much",
    TooSlow = "too_slow",
    WrongContentType = "wrong_content_type",
    WrongId = "wrong_id",
    WrongShape = "wrong_shape",

    // Declarations, compared with an exercise's contract.
    Contract = "contract",

    // The editor's settings.
    BrokenSettings = "broken_settings",
    NoTutor = "no_tutor",
    NotTheTutor = "not_the_tutor",
    TutorError = "tutor_error",
    TutorNotStarted = "tutor_not_started",
    TutorSilent = "tutor_silent",

    // A client.
    CalledAgain = "called_again",
    ComplaintOnStdout = "complaint_on_stdout",
    ComplaintSwallowed = "complaint_swallowed",
    CursorChanged = "cursor_changed",
    DescriptionNotPrinted = "description_not_printed",
    EscapesPrinted = "escapes_printed",
    ExitCode = "exit_code",
    KeyNotSent = "key_not_sent",
    KeyPrinted = "key_printed",
    KeySentElsewhere = "key_sent_elsewhere",
    LoginNotNamed = "login_not_named",
    NoSession = "no_session",
    NotCalled = "not_called",
    NotInitialized = "not_initialized",
    NotListed = "not_listed",
    NotPrinted = "not_printed",
    NotRead = "not_read",
    NothingSent = "nothing_sent",
    PagesLeftOut = "pages_left_out",
    Silent = "silent",
    StructuredContentNotPrinted = "structured_content_not_printed",
    ToolNotPrinted = "tool_not_printed",
    TurnedAway = "turned_away",
    WrongArguments = "wrong_arguments",
    WrongExitCode = "wrong_exit_code",
    WrongTool = "wrong_tool",

    // An agent.
    AnswerNotPrinted = "answer_not_printed",
    ArgumentsMadeUp = "arguments_made_up",
    AskedNeedlessly = "asked_needlessly",
    CallNotShown = "call_not_shown",
    DescriptionDiffers = "description_differs",
    DownServerNotNamed = "down_server_not_named",
    EmptyAnswer = "empty_answer",
    Forgets = "forgets",
    GaveUpSilently = "gave_up_silently",
    ModelNotAsked = "model_not_asked",
    MoreOnStdout = "more_on_stdout",
    NoLimit = "no_limit",
    NotAsked = "not_asked",
    NotTold = "not_told",
    QuestionMissing = "question_missing",
    ReasonMissing = "reason_missing",
    RefusalNotTold = "refusal_not_told",
    RequestRefused = "request_refused",
    ResultMissing = "result_missing",
    ResultTwice = "result_twice",
    SchemaDiffers = "schema_differs",
    StoppedEarly = "stopped_early",
    ToolNotOffered = "tool_not_offered",
    TroubleNotTold = "trouble_not_told",
    WordsDropped = "words_dropped",
    WrongKey = "wrong_key",
    WrongResult = "wrong_result",
    YesNotTaken = "yes_not_taken",

    // A server.
    AcceptsFraction = "accepts_fraction",
    AcceptsHuge = "accepts_huge",
    AcceptsMissingProduct = "accepts_missing_product",
    AcceptsMissingQuantity = "accepts_missing_quantity",
    AcceptsNegative = "accepts_negative",
    AcceptsNumberAsName = "accepts_number_as_name",
    AcceptsReplay = "accepts_replay",
    AcceptsSimilarName = "accepts_similar_name",
    AcceptsSoldOut = "accepts_sold_out",
    AcceptsTextAsNumber = "accepts_text_as_number",
    AcceptsTooMany = "accepts_too_many",
    AcceptsUnknown = "accepts_unknown",
    AcceptsZero = "accepts_zero",
    AllInterfaces = "all_interfaces",
    AmbiguousNames = "ambiguous_names",
    AnnotationDishonest = "annotation_dishonest",
    AnnotationMissing = "annotation_missing",
    AnybodyMayFinish = "anybody_may_finish",
    AppForHostsOnly = "app_for_hosts_only",
    AppHiddenFromModel = "app_hidden_from_model",
    AppWithoutPage = "app_without_page",
    AsksAgain = "asks_again",
    AsksOtherwise = "asks_otherwise",
    AsksWhoCannotAnswer = "asks_who_cannot_answer",
    BadBudgetAccepted = "bad_budget_accepted",
    BakesAnything = "bakes_anything",
    BarLabel = "bar_label",
    BarMissing = "bar_missing",
    BarOutOfProportion = "bar_out_of_proportion",
    BrokenInputSchema = "broken_input_schema",
    BrokenOutputSchema = "broken_output_schema",
    BudgetIgnored = "budget_ignored",
    BudgetRefused = "budget_refused",
    ButtonBuysOther = "button_buys_other",
    ButtonDoesNothing = "button_does_nothing",
    BuysUnasked = "buys_unasked",
    BuysWithoutAsking = "buys_without_asking",
    BuysWithoutYes = "buys_without_yes",
    CardBadge = "card_badge",
    CardMissing = "card_missing",
    CardWithoutPrice = "card_without_price",
    CodeRefused = "code_refused",
    CompletesOtherArgument = "completes_other_argument",
    CompletesOtherPrompt = "completes_other_prompt",
    CompletionsNotDeclared = "completions_not_declared",
    ConfirmsByDefault = "confirms_by_default",
    ConnectsWithoutYes = "connects_without_yes",
    DoesNotAsk = "does_not_ask",
    DoesNotFitSchema = "does_not_fit_schema",
    DoesNotStop = "does_not_stop",
    DoesNotWaitForThePage = "does_not_wait_for_the_page",
    DrawnTwice = "drawn_twice",
    EraNotSupported = "era_not_supported",
    ForeignHostAccepted = "foreign_host_accepted",
    ForeignHostCheckedTooLate = "foreign_host_checked_too_late",
    ForeignHostWrongStatus = "foreign_host_wrong_status",
    ForeignOriginAccepted = "foreign_origin_accepted",
    ForeignOriginCheckedTooLate = "foreign_origin_checked_too_late",
    ForeignOriginWrongStatus = "foreign_origin_wrong_status",
    FormAsksForSecrets = "form_asks_for_secrets",
    FormNotAllowed = "form_not_allowed",
    FormUndescribed = "form_undescribed",
    FormWithoutConfirm = "form_without_confirm",
    LibraryName = "library_name",
    LocalOriginRefused = "local_origin_refused",
    LoserWithoutReason = "loser_without_reason",
    MessageLacks = "message_lacks",
    Misnamed = "misnamed",
    MissingOccasionAccepted = "missing_occasion_accepted",
    NameAsHtml = "name_as_html",
    Negative = "negative",
    NoAsProtocolError = "no_as_protocol_error",
    NoBuyButton = "no_buy_button",
    NoCompletions = "no_completions",
    NoConstraint = "no_constraint",
    NoDescription = "no_description",
    NoName = "no_name",
    NoOutputSchema = "no_output_schema",
    NoProgress = "no_progress",
    NoReadsAsSuccess = "no_reads_as_success",
    NoReason = "no_reason",
    NoRequestState = "no_request_state",
    NoResultType = "no_result_type",
    NoStructuredContent = "no_structured_content",
    NoTask = "no_task",
    NoText = "no_text",
    NoTextFallback = "no_text_fallback",
    NoVersion = "no_version",
    NotByKeyboard = "not_by_keyboard",
    NotConnected = "not_connected",
    NotJson = "not_json",
    NotOnTheShelf = "not_on_the_shelf",
    NotOneText = "not_one_text",
    NotRedrawn = "not_redrawn",
    OccasionIgnored = "occasion_ignored",
    OtherInventory = "other_inventory",
    OtherToolsOnStdio = "other_tools_on_stdio",
    OutlivesStdin = "outlives_stdin",
    PageFloods = "page_floods",
    PageHangs = "page_hangs",
    PageLeaves = "page_leaves",
    PageMessage = "page_message",
    PageNeedsMore = "page_needs_more",
    PageNotInitialized = "page_not_initialized",
    PageSizeNotTold = "page_size_not_told",
    PageThrows = "page_throws",
    PageTooLarge = "page_too_large",
    PageTooWide = "page_too_wide",
    PageUnreadable = "page_unreadable",
    ProgressDoesNotRise = "progress_does_not_rise",
    ProgressWithoutTotal = "progress_without_total",
    PromptShowsSoldOut = "prompt_shows_sold_out",
    PromptWithoutProducts = "prompt_without_products",
    PromptsNotDeclared = "prompts_not_declared",
    RefusalChangedStock = "refusal_changed_stock",
    RefusedAsProtocolError = "refused_as_protocol_error",
    RefusesAll = "refuses_all",
    ResourcesNotDeclared = "resources_not_declared",
    SameReason = "same_reason",
    SearchCase = "search_case",
    SearchChangesStock = "search_changes_stock",
    SearchKeyword = "search_keyword",
    SearchLeavesSoldOut = "search_leaves_sold_out",
    SearchMax = "search_max",
    SearchMin = "search_min",
    SearchNothing = "search_nothing",
    SearchTogether = "search_together",
    SearchWithoutArguments = "search_without_arguments",
    SellsBeforeTheAnswer = "sells_before_the_answer",
    SellsWhatIsGone = "sells_what_is_gone",
    ShowsOtherInventory = "shows_other_inventory",
    SoldOutCanBeBought = "sold_out_can_be_bought",
    SoldOutNotListed = "sold_out_not_listed",
    SoldToNobody = "sold_to_nobody",
    SoldTwice = "sold_twice",
    StateNeverExpires = "state_never_expires",
    StdoutIsNotPure = "stdout_is_not_pure",
    TaskDoesNotEnd = "task_does_not_end",
    TaskDoesNotTell = "task_does_not_tell",
    TaskFailed = "task_failed",
    TasksNotDeclared = "tasks_not_declared",
    TextDiffers = "text_differs",
    TextIsNotJson = "text_is_not_json",
    TextUnreadable = "text_unreadable",
    ThemeIgnored = "theme_ignored",
    TooFewProducts = "too_few_products",
    TooLittleStock = "too_little_stock",
    ToolError = "tool_error",
    ToolsNotDeclared = "tools_not_declared",
    TakesAnyAnswer = "takes_any_answer",
    TrustsAlteredState = "trusts_altered_state",
    TrustsMissingState = "trusts_missing_state",
    TrustsOtherState = "trusts_other_state",
    YesAfterNo = "yes_after_no",
    UnknownPromptAccepted = "unknown_prompt_accepted",
    UnknownTaskAccepted = "unknown_task_accepted",
    UnknownToolAnswered = "unknown_tool_answered",
    UnknownToolBreaks = "unknown_tool_breaks",
    UnknownUriAnswered = "unknown_uri_answered",
    UnknownUriBreaks = "unknown_uri_breaks",
    UnknownVersion = "unknown_version",
    UrlUnsafe = "url_unsafe",
    WrongBaked = "wrong_baked",
    WrongCompletions = "wrong_completions",
    WrongMimeType = "wrong_mime_type",
    WrongProduct = "wrong_product",
    WrongReceipt = "wrong_receipt",
    WrongReport = "wrong_report",
    WrongRole = "wrong_role",
    WrongStock = "wrong_stock",
    WrongStockAfterRace = "wrong_stock_after_race",
    WrongStructuredContent = "wrong_structured_content",
    WrongUri = "wrong_uri",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// None may be renamed or removed: programs outside this repository know them.
    #[test]
    fn every_code_keeps_its_name() {
        let mut words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count, "two codes of one name");
        insta::assert_snapshot!(words.join("\n"));
    }
}
