//! Who ran: told once, and referred to by a number of the file's own.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    record::stored::{Process, Stored, stored},
    sample::{Identity, Kind, ProcessId},
};

stored! {
    /// What is known of a process apart from its time.
    Known of Identity {
        must { name "name": String }
        may {
            cmdline "cmdline": Option<String>,
            uid "uid": Option<u32>,
            user "user": Option<String>,
            parent "parent": Option<Process>,
            cgroup "cgroup": Option<String>,
            groups "groups": Vec<String>,
            session "session": Option<u32>,
            pgrp "pgrp": Option<u32>,
            env "env": BTreeMap<String, String>,
            kind "kind": Kind,
        }
    }
}

/// A process and its number in this file, which is never another's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::record) struct Person {
    pub who: u64,
    id: Process,
    is: Known,
}

impl Person {
    pub fn new(who: u64, id: ProcessId, identity: &Identity) -> Self {
        Self { who, id: Stored::store(&id), is: Stored::store(identity) }
    }

    pub fn meet(self) -> (ProcessId, Arc<Identity>) {
        (self.id.restore(), Arc::new(self.is.restore()))
    }
}
