//! Which rule a law is about: told where it fails, and where it hangs.

/// The rules, each with the laws that are about it, told by how their names begin.
const RULES: &[(&str, &[&str])] = &[
    (
        "MUST 1 of a runtime: `spawn` polls the task to its end on some thread of the runtime, never inside the \
         call, and a runtime that shuts down drops the tasks that it doesn't poll any more",
        &["law_1_", "i05_", "a_run_is_awaited_on_a_thread_in_no_runtime"],
    ),
    (
        "MUST 2 of a runtime: `spawn` on a runtime that is gone drops the task; it doesn't panic and doesn't block",
        &["law_2_"],
    ),
    (
        "MUST 3 of a runtime: `spawn_blocking` runs the job where blocking is allowed, or drops it",
        &["law_3_"],
    ),
    (
        "MUST 4 of a runtime: `now` never goes backwards, and `sleep(d)` is over once `now` has grown by `d`, not \
         before",
        &["law_4_", "a_sleep_goes_on_"],
    ),
    (
        "MUST 5 of a runtime: a `Sleep` wakes the waker of its last poll, on whatever thread that was",
        &["law_5_"],
    ),
    ("MUST 6 of a runtime: `poll_budget` that answers `Pending` wakes the task again by itself", &["law_6_"]),
    (
        "MUST 7 of a runtime: a handle doesn't own the runtime, and the last value may go on the runtime's own \
         worker",
        &["law_7_"],
    ),
    ("MUST 8 of a runtime: `block_on` runs the runtime until the future is done", &["law_8_"]),
    (
        "MUST 9 of a runtime: a task that wakes itself while it is polled goes behind the others that can run",
        &["law_9_"],
    ),
    (
        "MUST 1 of a channel: items come out in the order in which they were sent, each once",
        &["items_come_in_order_each_once", "a_parked_receiver_"],
    ),
    ("MUST 2 of a channel: a `send` that is dropped while it is pending has not sent", &["a_dropped_send_"]),
    (
        "MUST 3 of a channel: a `recv` that is dropped while it is pending has taken nothing",
        &["a_dropped_recv_"],
    ),
    (
        "MUST 4 of a channel: after the last receiver went a `send` gives the item back, and a pending one ends",
        &["after_the_last_receiver_", "a_pending_send_"],
    ),
    (
        "MUST 5 of a channel: after the last sender went `recv` gives what is left, and then the end",
        &["after_the_last_sender_", "a_sender_that_vanished_"],
    ),
    ("MUST 6 of a channel: `closed` is done once the last receiver went", &["closed_is_done_"]),
    ("what an operator means, as its entry says", &["every_operator_means_", "every_operator_takes_a_cut_"]),
    (
        "MUST 2 of an operator: tasks are spawned into the scope, which joins them, so nothing is left of a run \
         that is dropped",
        &["every_operator_lets_go_"],
    ),
    (
        "MUST 3 of an operator: user closures are called through `in_stage`, so that a panic names the stage",
        &["every_operator_survives_a_panic_"],
    ),
    (
        "MUST 5 of an operator: a pending input makes it pending, and what fails before it is never taken for the \
         end",
        &[
            "every_operator_waits_",
            "every_operator_tells_a_source_that_vanished",
            "every_operator_passes_a_panic_",
        ],
    ),
    (
        "MUST 4 of an operator: an input of which no more is needed is dropped, though it has not ended",
        &["every_operator_drops_an_input_"],
    ),
    ("MUST 8 of an operator: `holds()` tells no fewer items than it can hold", &["every_operator_holds_"]),
    ("what a source gives, as its entry says", &["every_source_gives_"]),
    (
        "MUST 2 and 3 of a source: tasks are spawned into the scope, and the stream releases what it holds when it is \
         dropped",
        &["every_source_is_let_go_of_"],
    ),
    ("what a sink gives, as its entry says", &["every_sink_gives_"]),
    ("P5, of a sink: what fails before it is never taken for the end", &["every_sink_passes_a_panic_"]),
    (
        "a stop ends the source, and all that was on its way is finished",
        &["every_operator_finishes_at_a_stop"],
    ),
    ("P1: no task outlives its run", &["promise_p01_"]),
    (
        "P2: what a dropped run leaves behind is cancelled, and adopted where there is a scope",
        &["promise_p02_"],
    ),
    ("P3: a cancel ends a task at its next await, and nothing starts after it", &["promise_p03_"]),
    ("P4: a panic joins its siblings and resumes once, in the awaiter", &["promise_p04_"]),
    ("P5: what was cut off never looks complete", &["promise_p05_"]),
    ("P6: no error is lost", &["promise_p06_"]),
    ("P7: every item is accounted for", &["promise_p07_"]),
    ("P8: a future that was polled is polled again after each of its wakes", &["promise_p08_"]),
    ("P9: a boundary holds no more than its bound", &["promise_p09_"]),
    ("P10: the order is kept", &["promise_p10_"]),
    ("P11: no item waits behind a busy worker while another is idle", &["promise_p11_"]),
    ("P12: the same program gives the same everywhere", &["promise_p12_"]),
];

/// The rule that the test of this path is about.
pub(crate) fn rule_of(path: &str) -> Option<&'static str> {
    let name = path.rsplit("::").next()?;
    let rule = RULES.iter().find(|(_, laws)| laws.iter().any(|law| name.starts_with(law)));
    rule.map(|(rule, _)| *rule)
}

#[cfg(test)]
mod tests {
    use super::rule_of;

    #[test]
    fn a_rule_is_found_by_the_name_of_its_law() {
        assert!(rule_of("smol::runtime_laws::law_2_a_runtime_that_is_gone").unwrap().contains("MUST 2"));
        assert!(rule_of("promises::promise_p12_the_same").unwrap().starts_with("P12"));
        assert_eq!(rule_of("promise_p13_replay::channels::a01_something"), None);
    }
}
