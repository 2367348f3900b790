//! The rows add up to the header, whatever came and went.
