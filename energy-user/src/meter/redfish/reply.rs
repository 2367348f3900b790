//! What a controller's replies say: pure functions of their text.
//!
//! Firmware differs: a figure may be missing, null or a text. What is no number is no power;
//! it is never zero.

use serde_json::Value;

use crate::units::Watts;

/// More chassis than this are not looked at.
const MOST_MEMBERS: usize = 16;

/// Where a figure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Power`, of all firmware until about 2021 and of most since.
    Power,
    /// `EnvironmentMetrics`, its successor.
    EnvironmentMetrics,
}

impl Kind {
    /// Both, the better known first.
    pub const ALL: [Self; 2] = [Self::Power, Self::EnvironmentMetrics];

    /// Its name below a chassis.
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "Power",
            Self::EnvironmentMetrics => "EnvironmentMetrics",
        }
    }

    /// The power that a reply of this kind tells.
    pub fn watts(self, reply: &Value) -> Option<Watts> {
        let number = match self {
            // Only the first: those after it are parts, such as the CPUs.
            Self::Power => reply
                .pointer("/PowerControl/0/PowerConsumedWatts")
                .or_else(|| reply.get("PowerConsumedWatts")),
            Self::EnvironmentMetrics => reply.pointer("/PowerWatts/Reading"),
        };
        let watts = number?.as_f64()?;
        // A controller that answers is powered by the machine that it measures.
        (watts > 0.0).then_some(Watts(watts))
    }
}

/// The paths of a collection's members. One that leads to another host is left out.
pub fn members(reply: &Value) -> Vec<String> {
    let members = reply.get("Members").and_then(Value::as_array).into_iter().flatten();
    let paths = members.filter_map(|member| member.get("@odata.id")?.as_str());
    let local = |path: &&str| {
        path.starts_with("/redfish/")
            && path.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | '?' | '#'))
    };
    let paths = paths.filter(local).map(|path| path.trim_end_matches('/').to_string());
    paths.take(MOST_MEMBERS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_as_makers_tell_them() {
        let cases = [
            // Dell iDRAC 9.
            (
                Kind::Power,
                json!({"@odata.id": "/redfish/v1/Chassis/System.Embedded.1/Power", "PowerControl":
                    [{"Name": "System Power Control", "PowerConsumedWatts": 214,
                      "PowerMetrics": {"AverageConsumedWatts": 206, "IntervalInMin": 1}}]}),
                Some(214.0),
            ),
            // HPE iLO 4: above the list too, and with old names beside.
            (
                Kind::Power,
                json!({"PowerCapacityWatts": 1600, "PowerConsumedWatts": 590, "PowerControl":
                    [{"PowerConsumedWatts": 590, "PowerLimit": {"LimitInWatts": null}}]}),
                Some(590.0),
            ),
            // Lenovo XCC: parts after the whole.
            (
                Kind::Power,
                json!({"PowerControl": [{"Name": "Server Power Control", "PowerConsumedWatts": 158.5},
                    {"Name": "CPU Sub-system Power", "PowerConsumedWatts": 60}]}),
                Some(158.5),
            ),
            (
                Kind::Power,
                json!({"PowerControl": [{"PowerConsumedWatts": null}, {"PowerConsumedWatts": 60}]}),
                None,
            ),
            // OpenBMC without a sensor of the whole: only supplies.
            (Kind::Power, json!({"PowerControl": [], "PowerSupplies": []}), None),
            (Kind::Power, json!({"PowerControl": [{"PowerConsumedWatts": "214"}]}), None),
            (Kind::Power, json!({"PowerControl": {"PowerConsumedWatts": 214}}), None),
            (Kind::Power, json!({"PowerControl": [{"PowerConsumedWatts": 0}]}), None),
            (Kind::Power, json!({"PowerControl": [{"PowerConsumedWatts": -3}]}), None),
            (Kind::Power, json!([]), None),
            // OpenBMC, NVIDIA.
            (
                Kind::EnvironmentMetrics,
                json!({"EnergykWh": {"Reading": 12.5}, "PowerWatts": {"DataSourceUri":
                    "/redfish/v1/Chassis/c/Sensors/power_total", "Reading": 811.25}}),
                Some(811.25),
            ),
            (Kind::EnvironmentMetrics, json!({"PowerWatts": {"Reading": null}}), None),
            (Kind::EnvironmentMetrics, json!({"PowerWatts": 5}), None),
            (Kind::EnvironmentMetrics, json!({"EnergykWh": {"Reading": 12.5}}), None),
            (Kind::EnvironmentMetrics, json!(null), None),
        ];
        for (kind, reply, watts) in cases {
            assert_eq!(kind.watts(&reply), watts.map(Watts), "{reply}");
        }
    }

    #[test]
    fn members_are_paths_on_the_same_host() {
        let path = |path: &str| json!({"@odata.id": path});
        let reply = json!({"Members": [
            path("/redfish/v1/Chassis/1/"), path("https://elsewhere.example/redfish/v1/x"),
            path("//elsewhere.example/redfish/"), path("/redfish/v1/a b"), path("/redfish/v1/x?y"),
            {"@odata.id": 7}, {}, path("/redfish/v1/Chassis/2"),
        ]});
        assert_eq!(members(&reply), ["/redfish/v1/Chassis/1", "/redfish/v1/Chassis/2"]);
        for nothing in [json!({}), json!({"Members": {}}), json!(3), json!({"Members": []})] {
            assert!(members(&nothing).is_empty());
        }
        let many: Vec<_> = (0..99).map(|n| path(&format!("/redfish/v1/Chassis/{n}"))).collect();
        assert_eq!(members(&json!({"Members": many})).len(), MOST_MEMBERS);
    }
}
