//! How far a copy is.

use lunadefend_vault::store::Copied;

/// After how many rows it is said.
const TOLD_EACH: u64 = 10_000;

/// Says now and then how much was copied, or was there.
pub(crate) fn told_on_the_way() -> impl FnMut(Copied) {
    let mut said = 0;
    move |so_far| {
        let rows = so_far.rows + so_far.rows_there;
        if rows >= said + TOLD_EACH {
            said = rows;
            println!(
                "{rows} rows, {} long values",
                so_far.values + so_far.values_there
            );
        }
    }
}
