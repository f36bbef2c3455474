//! The order in which patterns are planned, against every other order: the rows that the operators of each make.
//!
//! What is compared does not depend on time: a row that an operator makes counts as much as the planner takes it to cost.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod every_order;
mod network;
mod patterns;

use std::time::{Duration, Instant};

use every_order::Orders;
use patterns::PATTERNS;

/// How many times the cost of the best order the chosen one may cost.
const WORST: f64 = 2.0;

/// Orders of one pattern that are run at most: the first ones, of which each differs from the one before in its last choices.
const MOST_ORDERS: usize = 300;

/// What planning a pattern of 8 steps may take, in a build without all optimizations and beside other tests; it is some
/// hundred microseconds.
const PLANNED_WITHIN: Duration = Duration::from_millis(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chosen_order_is_close_to_the_best_of_all() {
    let graph = network::graph().await;
    let mut tasks = Vec::new();
    for (pattern, variables) in PATTERNS {
        let graph = graph.clone();
        tasks.push(tokio::spawn(async move {
            let orders = Orders::new(&graph, pattern, variables).await;
            let chosen = orders.chosen().await;
            let mut best = chosen.clone();
            let mut count = 0;
            for plan in orders.all(MOST_ORDERS) {
                count += 1;
                // What costs more than the best one so far is of no interest.
                if let Some(measured) = orders.measure(&plan, best.cost).await
                    && measured.cost < best.cost
                {
                    best = measured;
                }
            }
            (*pattern, chosen, best, count)
        }));
    }
    let mut bad = Vec::new();
    for task in tasks {
        let (pattern, chosen, best, count) = task.await.unwrap();
        let ratio = chosen.cost / best.cost;
        println!(
            "{ratio:5.2} of {count:3} orders, {:9.0}: {pattern}",
            chosen.cost
        );
        if ratio > WORST {
            bad.push(format!(
                "{pattern}\ncosts {:.0}:\n{}\nand at best {:.0}:\n{}",
                chosen.cost, chosen.plan, best.cost, best.plan
            ));
        }
    }
    assert!(
        bad.is_empty(),
        "{} of {}:\n{}",
        bad.len(),
        PATTERNS.len(),
        bad.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_found_in_a_moment() {
    let graph = network::graph().await;
    let chain: String = (1..=8)
        .map(|step| format!("-[:KNOWS]->(p{step}:Person)"))
        .collect();
    let star: Vec<String> = (1..=8)
        .map(|step| format!("(p)-[:KNOWS]->(p{step}:Person)"))
        .collect();
    for pattern in [format!("(p:Person){chain}"), star.join(", ")] {
        let orders = Orders::new(&graph, &format!("MATCH {pattern}"), &["p"]).await;
        let begun = Instant::now();
        orders.planned();
        let taken = begun.elapsed();
        println!("{taken:?}: {pattern}");
        assert!(taken < PLANNED_WITHIN, "{taken:?}: {pattern}");
    }
}
