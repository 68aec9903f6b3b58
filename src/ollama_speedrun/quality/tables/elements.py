"""The chemical elements; our own list of facts."""

# fmt: off
ELEMENTS: tuple[tuple[str, str], ...] = (
    ("H", "hydrogen"), ("He", "helium"), ("Li", "lithium"), ("Be", "beryllium"), ("B", "boron"),
    ("C", "carbon"), ("N", "nitrogen"), ("O", "oxygen"), ("F", "fluorine"), ("Ne", "neon"), ("Na", "sodium"),
    ("Mg", "magnesium"), ("Al", "aluminum"), ("Si", "silicon"), ("P", "phosphorus"), ("S", "sulfur"),
    ("Cl", "chlorine"), ("Ar", "argon"), ("K", "potassium"), ("Ca", "calcium"), ("Sc", "scandium"),
    ("Ti", "titanium"), ("V", "vanadium"), ("Cr", "chromium"), ("Mn", "manganese"), ("Fe", "iron"),
    ("Co", "cobalt"), ("Ni", "nickel"), ("Cu", "copper"), ("Zn", "zinc"), ("Ga", "gallium"),
    ("Ge", "germanium"), ("As", "arsenic"), ("Se", "selenium"), ("Br", "bromine"), ("Kr", "krypton"),
    ("Rb", "rubidium"), ("Sr", "strontium"), ("Y", "yttrium"), ("Zr", "zirconium"), ("Nb", "niobium"),
    ("Mo", "molybdenum"), ("Tc", "technetium"), ("Ru", "ruthenium"), ("Rh", "rhodium"), ("Pd", "palladium"),
    ("Ag", "silver"), ("Cd", "cadmium"), ("In", "indium"), ("Sn", "tin"), ("Sb", "antimony"),
    ("Te", "tellurium"), ("I", "iodine"), ("Xe", "xenon"), ("Cs", "cesium"), ("Ba", "barium"),
    ("La", "lanthanum"), ("Ce", "cerium"), ("Pr", "praseodymium"), ("Nd", "neodymium"), ("Pm", "promethium"),
    ("Sm", "samarium"), ("Eu", "europium"), ("Gd", "gadolinium"), ("Tb", "terbium"), ("Dy", "dysprosium"),
    ("Ho", "holmium"), ("Er", "erbium"), ("Tm", "thulium"), ("Yb", "ytterbium"), ("Lu", "lutetium"),
    ("Hf", "hafnium"), ("Ta", "tantalum"), ("W", "tungsten"), ("Re", "rhenium"), ("Os", "osmium"),
    ("Ir", "iridium"), ("Pt", "platinum"), ("Au", "gold"), ("Hg", "mercury"), ("Tl", "thallium"),
    ("Pb", "lead"), ("Bi", "bismuth"), ("Po", "polonium"), ("At", "astatine"), ("Rn", "radon"),
    ("Fr", "francium"), ("Ra", "radium"), ("Ac", "actinium"), ("Th", "thorium"), ("Pa", "protactinium"),
    ("U", "uranium"), ("Np", "neptunium"), ("Pu", "plutonium"), ("Am", "americium"), ("Cm", "curium"),
    ("Bk", "berkelium"), ("Cf", "californium"), ("Es", "einsteinium"), ("Fm", "fermium"), ("Md", "mendelevium"),
    ("No", "nobelium"), ("Lr", "lawrencium"), ("Rf", "rutherfordium"), ("Db", "dubnium"), ("Sg", "seaborgium"),
    ("Bh", "bohrium"), ("Hs", "hassium"), ("Mt", "meitnerium"), ("Ds", "darmstadtium"), ("Rg", "roentgenium"),
    ("Cn", "copernicium"), ("Nh", "nihonium"), ("Fl", "flerovium"), ("Mc", "moscovium"), ("Lv", "livermorium"),
    ("Ts", "tennessine"), ("Og", "oganesson"),
)
"""Symbol and name; the element at place n has the atomic number n + 1."""

# fmt: on
ELEMENT_ALIASES: dict[str, tuple[str, ...]] = {
    "aluminum": ("aluminium",),
    "sulfur": ("sulphur",),
    "cesium": ("caesium",),
    "tungsten": ("wolfram",),
}
"""Further right names of an element in English."""

ELEMENT_TIERS: tuple[tuple[int, ...], ...] = (
    (1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 26, 29, 30, 47, 79, 82),
    (4, 5, 22, 24, 25, 27, 28, 33, 35, 36, 50, 53, 54, 56, 74, 78, 80, 86, 88, 92, 94),
    (21, 23, 31, 32, 34, 37, 38, 40, 42, 46, 48, 51, 52, 55, 76, 77, 83, 84, 87, 90),
    (39, 41, 43, 44, 45, 49, 57, 58, 60, 62, 63, 72, 73, 75, 81, 85, 89, 91, 93, 95, 96),
    (59, 61, 64, 65, 66, 67, 68, 69, 70, 71, 97, 98, 99, 100, 101, 102, 103, *range(104, 119)),
)
"""Atomic numbers from the elements that everybody knows to those that few do."""
