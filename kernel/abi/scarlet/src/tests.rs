//! What can be checked without a machine.

use scarlet_abi::ErrorCode;
use scarlet_abi::call::CALLS;

#[test]
fn every_call_of_the_contract_is_answered_once() {
    let mut handled: Vec<usize> = crate::handled_calls()
        .into_iter()
        .map(|call| call as usize)
        .collect();
    handled.sort_unstable();
    let mut contract: Vec<usize> = CALLS.iter().map(|line| line.call as usize).collect();
    contract.sort_unstable();
    assert_eq!(handled, contract);
}

#[test]
fn errors_have_codes_that_programs_know() {
    for &error in base::Error::ALL {
        assert!(
            ErrorCode::from_number(crate::error::code(error)).is_some(),
            "{error:?}"
        );
    }
}
