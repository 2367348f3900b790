//! GPUs, and who used them.

use serde::{Deserialize, Serialize};

use crate::{
    record::{
        roll::{Names, Numbers},
        stored::{Count, Nanos, Real, Stored, is_default, stored},
    },
    sample::{Context, Gpu, GpuActivity, GpuClient, GpuReading, GpuState, Instance, Told, Vendor},
};

stored! {
    /// An instance of a divided GPU.
    Slice of Instance {
        must { number "number": u32, name "name": String, slices "slices": u32 }
        may {}
    }
}

stored! {
    /// A GPU.
    Device of Gpu {
        must { id "id": String, name "name": String, vendor "vendor": Vendor }
        may {
            uuid "uuid": Option<String>,
            bus "bus": Option<String>,
            instances "instances": Vec<Slice>,
            lacks "lacks": Vec<String>,
        }
    }
}

stored! {
    /// What it shows.
    Shown of GpuState {
        must {}
        may {
            power "power": Option<Real>,
            limit "limit": Option<Real>,
            utilization "utilization": Option<u8>,
            memory_utilization "memory_utilization": Option<u8>,
            memory_used "memory_used": Option<Count>,
            memory_total "memory_total": Option<Count>,
            temperature "temperature": Option<u32>,
            clock "clock": Option<u32>,
            clock_max "clock_max": Option<u32>,
            throttle "throttle": Vec<String>,
        }
    }
}

/// How well it tells who used it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Telling {
    Process,
    Engine,
    Instance,
    Holders(String),
    #[default]
    Nothing,
}

impl Stored<Told> for Telling {
    fn store(of: &Told) -> Self {
        match of {
            Told::Process => Self::Process,
            Told::Engine => Self::Engine,
            Told::Instance => Self::Instance,
            Told::Holders(why) => Self::Holders(why.clone()),
            Told::Nothing => Self::Nothing,
        }
    }

    fn restore(self) -> Told {
        match self {
            Self::Process => Told::Process,
            Self::Engine => Told::Engine,
            Self::Instance => Told::Instance,
            Self::Holders(why) => Told::Holders(why),
            Self::Nothing => Told::Nothing,
        }
    }
}

/// Who used it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Client {
    pid: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    who: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    context: Option<Context>,
    #[serde(default, skip_serializing_if = "is_default")]
    instance: Option<usize>,
    #[serde(default, skip_serializing_if = "is_default")]
    memory: Option<Count>,
    #[serde(default, skip_serializing_if = "is_default")]
    busy: Option<Nanos>,
}

/// A GPU at one instant, without its description.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::record) struct GpuMoment {
    state: Result<Shown, String>,
    #[serde(default, skip_serializing_if = "is_default")]
    told: Telling,
    #[serde(default, skip_serializing_if = "is_default")]
    busy: Option<Nanos>,
    #[serde(default, skip_serializing_if = "is_default")]
    instances: Vec<Option<Nanos>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clients: Vec<Client>,
}

impl GpuMoment {
    /// To the file.
    pub fn new(of: &GpuReading, who: &mut dyn Numbers) -> Self {
        let GpuActivity { told, busy, instances, clients } = &of.activity;
        let clients = clients.iter().map(|client| {
            let GpuClient { pid, process, context, instance, memory, busy } = client;
            Client {
                pid: *pid,
                who: process.as_ref().map(|(id, identity)| who.number(*id, identity)),
                context: *context,
                instance: *instance,
                memory: Stored::store(memory),
                busy: Stored::store(busy),
            }
        });
        Self {
            state: of.state.as_ref().map(Stored::store).map_err(Clone::clone),
            told: Stored::store(told),
            busy: Stored::store(busy),
            instances: Stored::store(instances),
            clients: clients.collect(),
        }
    }

    /// From the file.
    pub fn restore(self, gpu: &std::sync::Arc<Gpu>, who: &dyn Names) -> Option<GpuReading> {
        let clients = self.clients.into_iter().map(|client| {
            let Client { pid, who: number, context, instance, memory, busy } = client;
            let process = match number {
                Some(number) => Some(who.named(number)?),
                None => None,
            };
            let known = instance.is_none_or(|instance| instance < gpu.instances.len());
            known.then(|| GpuClient {
                pid,
                process,
                context,
                instance,
                memory: memory.restore(),
                busy: busy.restore(),
            })
        });
        let clients = clients.collect::<Option<Vec<_>>>()?;
        Some(GpuReading {
            gpu: gpu.clone(),
            state: self.state.map(Stored::restore),
            activity: GpuActivity {
                told: self.told.restore(),
                busy: self.busy.restore(),
                instances: self.instances.restore(),
                clients,
            },
        })
    }
}
