//! One spelling for a CPU's name, so that the kernel's and the table's can be equal.
//!
//! Only what never tells two models apart is taken away; then names are equal or not. A near
//! miss is another CPU: `E5-2670` and `E5-2670 v3` differ by half in watts.

/// Core counts in words, as AMD wrote them.
const COUNTS: [&str; 7] = ["dual", "triple", "quad", "six", "eight", "twelve", "sixteen"];

/// The name in the table's spelling: lower case, without marks, clock, core count or graphics.
pub fn normal(name: &str) -> String {
    let mut name = name.to_lowercase().replace('\u{a0}', " ");
    for mark in ["(r)", "(tm)", "®", "™"] {
        name = name.replace(mark, " ");
    }
    let mut kept = name.as_str();
    for end in ["@", " with ", " w/ ", " radeon "] {
        kept = kept.split(end).next().unwrap_or_default();
    }
    let mut words: Vec<&str> = kept.split_whitespace().collect();
    // `11th Gen Intel Core`: the model's number says it again.
    if let [ordinal, "gen", _, ..] = words[..]
        && ordinal.starts_with(|first: char| first.is_ascii_digit())
    {
        words.drain(..2);
    }
    let amd = words.first() == Some(&"amd");
    words.retain(|word| !filler(word) || (!amd && *word == "dual-core"));
    // Old Xeons without a version have a zero there.
    if words.last() == Some(&"0") {
        words.pop();
    }
    let spaced = words.join(" ").replace('-', " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Says nothing about the model.
fn filler(word: &str) -> bool {
    let count = word.strip_suffix("-core").or_else(|| word.strip_suffix("-cores"));
    matches!(word, "cpu" | "processor" | "apu")
        || count.is_some_and(|count| count.parse::<u32>().is_ok() || COUNTS.contains(&count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_kernel_become_names_of_the_table() {
        let names = [
            ("Intel(R) Xeon(R) CPU E5-2670 v3 @ 2.30GHz", "intel xeon e5 2670 v3"),
            ("Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz", "intel xeon e5 2670"),
            ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", "intel xeon gold 6148"),
            ("INTEL(R) XEON(R) GOLD 6548Y+", "intel xeon gold 6548y+"),
            ("11th Gen Intel(R) Core(TM) i7-1185G7 @ 3.00GHz", "intel core i7 1185g7"),
            ("Intel(R) Core(TM) i7 CPU         870  @ 2.93GHz", "intel core i7 870"),
            ("Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz", "intel core 2 duo e8400"),
            ("Intel(R) Pentium(R) Dual-Core CPU T4400", "intel pentium dual core t4400"),
            ("AMD EPYC 7763 64-Core Processor", "amd epyc 7763"),
            ("AMD Ryzen Threadripper PRO 5995WX 64-Cores", "amd ryzen threadripper pro 5995wx"),
            ("AMD Ryzen 7 PRO 4750U with Radeon Graphics", "amd ryzen 7 pro 4750u"),
            ("AMD Ryzen AI 9 HX 370 w/ Radeon 890M", "amd ryzen ai 9 hx 370"),
            ("AMD FX(tm)-8350 Eight-Core Processor", "amd fx 8350"),
            ("Intel Xeon Processor (Skylake, IBRS)", "intel xeon (skylake, ibrs)"),
            ("", ""),
            ("@ \u{fffd} -", ""),
        ];
        for (kernel, table) in names {
            assert_eq!(normal(kernel), table, "{kernel}");
        }
    }
}
