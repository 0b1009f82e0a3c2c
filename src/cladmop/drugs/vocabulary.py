"""Closed word lists that the reading of intervention strings rests on."""

FORM_WORDS = (
    "tablet", "tablets", "tab", "tabs", "capsule", "capsules", "cap", "caps", "caplet", "caplets", "pill", "pills",
    "injection", "injections", "injectable", "infusion", "infusions", "solution", "suspension", "emulsion", "ointment",
    "cream", "gel", "lotion", "foam", "patch", "patches", "transdermal", "transdermal system", "oral", "orally", "po",
    "p.o", "intravenous", "intravenously", "iv", "i.v", "sc", "s.c", "sq", "subcutaneous", "subcutaneously", "im",
    "i.m", "intramuscular", "intramuscularly", "intraperitoneal", "intrathecal", "intraventricular", "intravesical",
    "intravitreal", "intranasal", "intradermal", "intra-arterial", "topical", "topically", "inhaled", "inhalation",
    "inhaler", "nebulized", "nebulised", "nasal", "nasal spray", "spray", "ophthalmic", "eye drops", "drops", "syrup",
    "sublingual", "buccal", "rectal", "vaginal", "suppository", "mouthwash", "powder", "chewable", "granules",
    "film-coated", "film coated", "coated", "enteric-coated", "enteric coated", "crushed", "dispersible", "lyophilized",
    "extended-release", "extended release", "immediate-release", "immediate release", "sustained-release",
    "sustained release", "controlled-release", "controlled release", "delayed-release", "delayed release",
    "modified-release", "modified release", "prolonged-release", "prolonged release", "long-acting", "long acting",
    "slow release", "xr", "er", "ir", "sr", "cr", "xl", "mr", "dr", "depot", "once-daily", "twice-daily", "once-weekly",
    "bid", "b.i.d", "qd", "q.d", "tid", "qid", "qod", "qhs", "prn", "q2w", "q3w", "q4w", "q12h", "q24h", "once",
    "twice", "daily", "weekly", "biweekly", "monthly", "hourly", "nightly", "bolus", "continuous", "liposomal",
    "liposome", "liposomes", "lipid complex", "albumin-bound", "albumin-stabilized", "nanoparticle", "nanoparticles",
    "pegylated liposomal", "micellar", "non-pegylated", "hard gelatin", "soft gelatin", "vial", "vials",
    "ampoule", "syringe", "prefilled syringe", "pre-filled syringe", "pen", "kit", "dose", "doses", "dosing", "dosage",
    "high-dose", "low-dose", "high", "low", "full-dose", "mid", "medium", "body weight", "bw", "mtd", "fdc",
    "fixed-dose", "fixed dose", "fixed-dose combination", "mg", "mcg", "ml",
)  # fmt: skip
"""Words of form, route, schedule and dose."""

ARM_WORDS = (
    "arm", "cohort", "group", "sequential", "sequentially", "concurrent", "concurrently", "concomitant", "single",
    "single agent", "multiple", "ascending", "rising", "escalating", "escalation", "monotherapy", "alone", "treatment",
    "treatments", "formulation", "formulations", "new formulation", "initial", "active comparator", "comparator",
    "experimental", "active drug", "active substance", "active treatment", "study drug", "study medication",
    "investigational product", "test product", "reference product", "test", "reference", "generic", "brand", "branded",
    "adjuvant", "neoadjuvant",
    "maintenance", "induction", "consolidation", "phase", "dose-escalation", "dose escalation", "open-label",
    "open label", "double-blind", "blinded", "randomized", "fed", "fasted", "fasting", "healthy volunteers", "patients",
    "subjects", "participants", "regimen", "therapy", "strip", "strips", "level", "drug", "drugs", "combination",
    "prophylactic", "prophylaxis", "as determined", "clinical procedure", "commercial", "commercially available",
)  # fmt: skip
"""Words of design: which arm, part or population."""

SALTS = frozenset({
    "hydrochloride", "hcl", "dihydrochloride", "monohydrochloride", "trihydrochloride", "hydrobromide", "bromide",
    "chloride", "iodide", "sodium", "disodium", "trisodium", "monosodium", "potassium", "dipotassium", "calcium",
    "hydrogenmaleate", "magnesium", "zinc", "lithium", "mesylate", "mesilate", "dimesylate", "methanesulfonate",
    "maleate",
    "tosylate", "tosilate", "ditosylate", "besylate", "besilate", "sulfate", "sulphate", "bisulfate", "hemisulfate",
    "phosphate", "diphosphate", "acetate", "diacetate", "citrate", "tartrate", "bitartrate", "ditartrate", "fumarate",
    "hemifumarate", "dihydrogen", "succinate", "malate", "nitrate", "lactate", "gluconate", "pamoate", "embonate",
    "xinafoate", "napsylate", "edisylate", "esylate", "camsylate", "meglumine", "tromethamine", "lysine", "arginine",
    "isethionate", "hydrate", "monohydrate", "dihydrate", "trihydrate", "hemihydrate", "sesquihydrate", "anhydrous",
    "hydrobromid", "dihydrobromide", "choline", "erbumine", "oxalate", "salt", "base", "freebase", "free", "na",
})  # fmt: skip
"""Trailing words of salts, hydrates and counterions."""

UNSTRIPPABLE = frozenset({
    "sodium", "potassium", "calcium", "magnesium", "zinc", "lithium", "iron", "ferric", "ferrous", "copper", "cupric",
    "aluminum", "aluminium", "silver", "gold", "barium", "ammonium", "hydrogen", "strontium", "bismuth", "arsenic",
    "selenium", "manganese", "gallium", "lanthanum", "stannous", "antimony", "amino", "vitamin", "human", "radium",
    "rubidium", "thallous", "chromium", "chromic", "manganous", "yttrium", "choline", "l", "d", "dl",
})  # fmt: skip
"""What may not be left alone when a salt word is removed: it would name another substance."""

NOT_DRUGS = frozenset({
    "active", "other", "plan", "control", "standard", "standard of care", "study", "placebo", "both", "one", "two",
    "none", "caps", "tris", "agents", "agent", "alli", "borea", "sgpt", "sgot", "ionil", "drug", "water", "acid",
    "antibiotic", "antibiotics", "chemotherapy", "hormone", "hormones", "steroid", "steroids", "receptor",
    "transaminase",
    "excipient", "excipients", "solutions", "solvents", "estrogen", "estrogens", "mesylate", "citrate", "ionol", "food",
    "safra", "relief", "modus", "vitae", "sevin", "selen", "rela", "wine", "base", "salts", "aman", "banan", "dolin",
    "light", "vicks", "chrom", "fargo", "armin", "eisen", "hana", "dona", "gana", "capex", "mops", "trna", "dimers",
    "chloride", "sodium", "potassium", "calcium", "phosphate", "sulfate", "acetate", "contrast media", "vitamins",
    "fatty acids", "duration", "chemo", "opioids", "opiates", "antioxidants", "hydrogel", "hydrogels", "minerals",
    "supplement", "diuretics", "corticosteroid", "corticosteroids", "statin", "statins", "progestin", "progestins",
    "guardian", "haart", "vitamin", "multivitamin", "first", "live", "synthetic", "dependence",
    "anthracycline", "anthracyclines", "taxane", "taxanes", "b vitamins", "vitamin b", "vitamin b complex",
})  # fmt: skip
"""Words and substance classes that a dictionary may hold but that name no single drug in an intervention."""
