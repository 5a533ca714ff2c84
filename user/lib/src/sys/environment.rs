//! Environments.

use super::{Answer, address, invoke, record_address, record_address_mut};
use scarlet_abi::Call;
use scarlet_abi::environment::{EnvironmentInfo, EnvironmentRequest};

pub(crate) fn create_environment(request: &EnvironmentRequest) -> Answer {
    // SAFETY: the kernel reads the record and its strings, which live until the call is over.
    unsafe { invoke(Call::CreateEnvironment, [record_address(request)]) }
}

pub(crate) fn give_view(environment: usize, view: usize, abi: &[u8]) -> Answer {
    let arguments = [environment, view, address(abi), abi.len()];
    // SAFETY: the kernel reads the name only.
    unsafe { invoke(Call::GiveView, arguments) }
}

pub(crate) fn environment_info(environment: usize, record: &mut EnvironmentInfo) -> Answer {
    let arguments = [
        environment,
        record_address_mut(record),
        size_of::<EnvironmentInfo>(),
    ];
    // SAFETY: the kernel writes at most that many bytes into the record.
    unsafe { invoke(Call::EnvironmentInfo, arguments) }
}
