//! The walk over host memory, on the hosted backend.
