//! Whose the members of a group are, as far as that is the same of all of them.

use std::sync::Arc;

use super::Account;
use crate::job::Job;

/// What all members of a group have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Whose {
    pub user: Option<String>,
    pub uid: Option<u32>,
    pub job: Option<Arc<Job>>,
}

impl Whose {
    /// What is common to another member and to those before it, if there were any.
    pub fn add(whose: &mut Option<Self>, account: &Account) {
        let (user, uid) = (&account.identity.user, account.identity.uid);
        let job = account.placed.as_ref().and_then(|placed| placed.job.as_ref());
        match whose {
            Some(whose) => whose.keep(user.as_ref(), uid, job),
            None => *whose = Some(Self { user: user.clone(), uid, job: job.cloned() }),
        }
    }

    /// The same of the members of another group.
    pub fn merge(whose: &mut Option<Self>, other: Option<&Self>) {
        match (whose, other) {
            (Some(whose), Some(other)) => {
                whose.keep(other.user.as_ref(), other.uid, other.job.as_ref());
            }
            (whose @ None, other) => *whose = other.cloned(),
            (Some(_), None) => {}
        }
    }

    fn keep(&mut self, user: Option<&String>, uid: Option<u32>, job: Option<&Arc<Job>>) {
        if self.user.as_ref() != user || self.uid != uid {
            (self.user, self.uid) = (None, None);
        }
        if self.job.as_ref().map(|job| &job.id) != job.map(|job| &job.id) {
            self.job = None;
        }
    }
}
