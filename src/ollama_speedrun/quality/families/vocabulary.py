"""Common English words for tasks and for the answers of their oracles; own lists, by their place in a sentence."""

# A word a line would be 1,300 lines.
# fmt: off

NOUNS = (
    "anchor", "apple", "arrow", "autumn", "badge", "baker", "balcony", "ball", "banana", "bank", "barn",
    "basket", "beach", "bear", "bell", "bench", "bicycle", "bird", "blanket", "boat", "book", "bottle", "bowl",
    "box", "branch", "bread", "bridge", "brother", "brush", "bucket", "butter", "button", "cabin", "cable",
    "cake", "camel", "camera", "candle", "canoe", "captain", "carpet", "castle", "cat", "cave", "chair",
    "chapel", "cheese", "cherry", "child", "church", "circle", "city", "clock", "cloud", "coach", "coat",
    "coffee", "coin", "cottage", "cousin", "cow", "crow", "crown", "cup", "curtain", "desk", "diamond",
    "dinner", "doctor", "dog", "door", "dragon", "drum", "duck", "eagle", "earth", "elbow", "engine",
    "envelope", "evening", "farm", "farmer", "father", "feather", "fence", "field", "finger", "fire", "fish",
    "flag", "flower", "fog", "forest", "fork", "fountain", "fox", "friend", "frog", "garden", "gate", "ghost",
    "giraffe", "glass", "glove", "goat", "gold", "goose", "grain", "grape", "grass", "guitar", "hall", "hammer",
    "hand", "harbor", "hat", "hawk", "hill", "honey", "horn", "horse", "hospital", "hotel", "house", "island",
    "ivory", "jacket", "jar", "jewel", "journey", "judge", "juice", "jungle", "kettle", "key", "king",
    "kitchen", "kite", "kitten", "ladder", "lake", "lamp", "lantern", "leaf", "lemon", "letter", "library",
    "lily", "lion", "lizard", "lobster", "lock", "magnet", "mango", "map", "market", "mask", "meadow", "medal",
    "melon", "mill", "mirror", "monkey", "moon", "morning", "moth", "motor", "mountain", "mouse", "museum",
    "music", "nail", "napkin", "neck", "needle", "nest", "net", "night", "nurse", "oak", "oasis", "ocean",
    "office", "olive", "onion", "orange", "orchard", "otter", "oven", "owl", "oyster", "painter", "palace",
    "paper", "parrot", "path", "peach", "pearl", "pencil", "pepper", "piano", "picnic", "pillow", "pilot",
    "pirate", "planet", "plate", "pocket", "poet", "pond", "pony", "potato", "prince", "puppet", "puzzle",
    "rabbit", "radio", "rain", "ribbon", "ring", "river", "road", "robin", "rocket", "roof", "room", "rope",
    "rose", "sailor", "salt", "sand", "school", "shadow", "sheep", "shell", "ship", "shoe", "shop", "shoulder",
    "silver", "sister", "sky", "snow", "soldier", "song", "soup", "spider", "spoon", "spring", "stable", "star",
    "station", "stone", "storm", "street", "student", "sugar", "summer", "sun", "table", "tailor", "teacher",
    "temple", "tent", "ticket", "tiger", "tomato", "torch", "tower", "town", "train", "tree", "trumpet",
    "tunnel", "turtle", "uncle", "valley", "vase", "village", "violin", "visitor", "wagon", "wall", "walnut",
    "wasp", "watch", "water", "whale", "wheel", "window", "winter", "wolf", "wood", "wool", "yard", "year",
    "zebra",
)
"""Things and people, singular."""

ADJECTIVES = (
    "amber", "ancient", "angry", "blue", "bold", "brave", "bright", "broad", "brown", "busy", "calm", "clever",
    "clumsy", "cold", "cool", "curious", "dark", "deep", "distant", "dry", "dull", "dusty", "eager", "early",
    "empty", "exotic", "faint", "fair", "famous", "fast", "fierce", "foggy", "fragile", "fresh", "gentle",
    "giant", "glad", "golden", "grand", "gray", "green", "grim", "happy", "hard", "heavy", "hollow", "honest",
    "huge", "hungry", "icy", "idle", "ill", "iron", "jolly", "joyful", "just", "keen", "kind", "knotty",
    "large", "lazy", "light", "little", "lonely", "long", "loud", "lucky", "mad", "merry", "mild", "modern",
    "muddy", "narrow", "neat", "new", "noble", "noisy", "odd", "old", "open", "orderly", "pale", "patient",
    "plain", "polite", "poor", "proud", "quick", "quiet", "rapid", "rare", "red", "rich", "rough", "round",
    "rusty", "sad", "sharp", "shy", "silent", "simple", "slim", "slow", "small", "smooth", "soft", "solid",
    "sour", "strong", "sudden", "sunny", "swift", "tall", "tame", "thick", "thin", "tidy", "tiny", "tired",
    "ugly", "unusual", "upset", "urgent", "vain", "vast", "vivid", "wandering", "warm", "weak", "wet", "white",
    "wild", "wise", "wooden", "yellow", "young", "youthful", "zany", "zealous",
)
"""Words before a noun; for each letter but q, u, x one at least."""

VERBS = (
    "admired", "bought", "brought", "built", "carried", "caught", "cleaned", "covered", "crossed", "drew",
    "followed", "found", "greeted", "guarded", "heard", "held", "hid", "kept", "left", "lifted", "lit", "lost",
    "loved", "met", "moved", "painted", "pulled", "pushed", "reached", "saw", "shook", "showed", "sold",
    "struck", "studied", "took", "touched", "visited", "watched", "won",
)
"""Past tense with an object."""

PREPOSITIONS = (
    "above", "across", "along", "around", "behind", "below", "beside", "by", "from", "in", "inside", "near",
    "on", "outside", "past", "under", "with", "without",
)
"""Words before a noun phrase."""

DETERMINERS = (
    "any", "every", "her", "his", "my", "one", "our", "that", "the", "this", "your",
)
"""Words before a noun that starts with any letter."""

PLURALS = (
    "apples", "arrows", "badgers", "bakers", "bells", "birds", "boats", "branches", "bridges", "camels",
    "candles", "children", "clouds", "cousins", "crows", "dancers", "doctors", "dogs", "dolphins", "dragons",
    "ducks", "eagles", "farmers", "feathers", "fishes", "flags", "flowers", "foxes", "friends", "frogs",
    "gardens", "ghosts", "goats", "hawks", "hills", "horses", "islands", "kites", "ladders", "lakes", "lamps",
    "leaves", "lions", "meadows", "mirrors", "monkeys", "moths", "mountains", "neighbors", "nurses", "oceans",
    "orchards", "otters", "owls", "painters", "parrots", "pilots", "pirates", "planets", "poets", "ponies",
    "puppets", "rabbits", "rivers", "robins", "rockets", "sailors", "shadows", "sheep", "ships", "sisters",
    "snakes", "soldiers", "songs", "spiders", "stars", "stones", "storms", "students", "swans", "teachers",
    "tigers", "towers", "trains", "travelers", "trees", "turtles", "valleys", "villages", "visitors", "whales",
    "winds", "wolves", "zebras",
)
"""Things and beings, plural."""

INTRANSITIVE = (
    "appear", "arrive", "bloom", "breathe", "climb", "dance", "disappear", "drift", "fade", "fall", "float",
    "fly", "gather", "glow", "grow", "hide", "hurry", "laugh", "listen", "march", "move", "pause", "play",
    "rest", "return", "rise", "roam", "run", "sail", "shine", "sing", "sleep", "smile", "stand", "swim",
    "travel", "turn", "vanish", "wait", "wake", "walk", "wander", "whisper",
)
"""Verbs without an object, present plural."""

ADVERBS = (
    "again", "alone", "apart", "bravely", "calmly", "eagerly", "easily", "everywhere", "gently", "gladly",
    "happily", "here", "high", "kindly", "lightly", "loudly", "near", "nightly", "often", "outside",
    "peacefully", "proudly", "quickly", "quietly", "rapidly", "safely", "silently", "slowly", "smoothly",
    "softly", "somewhere", "soon", "still", "suddenly", "swiftly", "there", "together", "tonight", "twice",
    "warmly", "well", "wildly", "wisely",
)
"""Words after such a verb."""

LISTED = (
    "able", "acid", "actor", "agent", "alarm", "album", "animal", "ankle", "answer", "artist", "aspect", "atom",
    "attic", "author", "avenue", "award", "bacon", "badger", "ballet", "bamboo", "barrel", "beauty", "beetle",
    "belief", "berry", "biscuit", "bishop", "blossom", "border", "bottom", "boxer", "breath", "breeze",
    "bright", "bronze", "bullet", "bundle", "burger", "cactus", "campus", "cannon", "canvas", "carbon",
    "career", "carrot", "cattle", "center", "chance", "change", "charm", "choice", "cinema", "circus", "clinic",
    "closet", "cobra", "collar", "colony", "column", "comedy", "comet", "cookie", "copper", "corner", "cotton",
    "couple", "cradle", "credit", "crisis", "crystal", "custom", "damage", "dancer", "danger", "daring",
    "debate", "decade", "defeat", "degree", "demand", "desert", "design", "detail", "device", "dinner", "disco",
    "divide", "dollar", "donkey", "double", "dozen", "dream", "driver", "editor", "effort", "eleven", "emblem",
    "empire", "enamel", "energy", "engine", "enough", "entire", "equity", "escape", "escort", "estate", "exam",
    "expert", "export", "fabric", "factor", "family", "famous", "fathom", "fellow", "ferry", "figure", "filter",
    "finish", "flame", "fleece", "flight", "forbid", "formal", "fossil", "frame", "frozen", "fungus", "future",
    "galaxy", "gallon", "gamble", "garage", "garlic", "genius", "giant", "ginger", "global", "gospel", "grater",
    "gravel", "ground", "growth", "guitar", "gutter", "habit", "hammer", "handle", "hazard", "health", "heaven",
    "height", "helmet", "herald", "hermit", "hiccup", "hockey", "holiday", "horizon", "humor", "hunter", "icon",
    "idea", "igloo", "image", "impact", "income", "index", "infant", "inmate", "insect", "island", "item",
    "jaguar", "jasper", "jelly", "jersey", "jigsaw", "jockey", "joker", "jolt", "jungle", "junior", "jury",
    "karate", "kayak", "keeper", "kennel", "kernel", "kidney", "kiosk", "kitten", "knight", "label", "labor",
    "lagoon", "laptop", "launch", "lawyer", "leader", "league", "legend", "leopard", "lesson", "level", "limit",
    "linen", "liquid", "lounge", "lumber", "magic", "mammal", "manner", "marble", "margin", "master", "matter",
    "medium", "melody", "member", "memory", "mentor", "method", "middle", "minute", "mixture", "mobile",
    "modem", "module", "moment", "motion", "murmur", "muscle", "mustard", "mystic", "nation", "native",
    "nature", "nectar", "nephew", "nickel", "noodle", "normal", "notice", "notion", "novel", "number", "object",
    "office", "onion", "opera", "option", "orbit", "orchid", "order", "organ", "origin", "outfit", "output",
    "owner", "oxygen", "packet", "paddle", "parade", "parcel", "parent", "parish", "pastry", "patrol", "patron",
    "pebble", "people", "permit", "person", "phrase", "pickle", "pigeon", "pillar", "pistol", "planet",
    "plasma", "player", "pledge", "plenty", "pocket", "poetry", "poison", "police", "policy", "polish",
    "portal", "poster", "potion", "powder", "prayer", "prefix", "profit", "prompt", "public", "pulley",
    "pumpkin", "puppy", "rabbit", "racket", "radius", "raisin", "random", "ransom", "rating", "rattle",
    "reason", "recipe", "record", "reform", "region", "relief", "remark", "rescue", "result", "reward",
    "rhythm", "ribbon", "riddle", "ritual", "robot", "rocket", "roller", "rubber", "rumor", "saddle", "safari",
    "salad", "salmon", "salute", "sample", "saucer", "scheme", "school", "scout", "screen", "script", "search",
    "season", "second", "secret", "sector", "senate", "series", "sermon", "shadow", "shield", "signal",
    "silver", "singer", "sketch", "skill", "smoke", "socket", "spirit", "sponge", "spring", "squad", "statue",
    "stick", "stolen", "stream", "string", "studio", "summit", "sunset", "supper", "switch", "symbol", "system",
    "tablet", "talent", "target", "temper", "tennis", "theory", "thread", "thrill", "throat", "ticket",
    "timber", "tissue", "title", "toffee", "topic", "tractor", "treaty", "trophy", "tunnel", "turkey", "turnip",
    "tutor", "umbrella", "unique", "unit", "upper", "urban", "usage", "utensil", "vacuum", "valid", "vapor",
    "velvet", "vendor", "verb", "vessel", "victim", "victory", "village", "vision", "visual", "vocal",
    "volcano", "volume", "voyage", "waffle", "wallet", "walrus", "weapon", "weather", "wedding", "whisper",
    "widow", "wisdom", "witness", "wonder", "worker", "writer", "yacht", "yarn", "yoga", "yogurt", "youth",
    "zipper", "zone",
)
"""Further words for lists."""

HIDDEN = (
    "ant", "bat", "cat", "cup", "dog", "gem", "hat", "ice", "jar", "log", "map", "oak", "owl", "pen", "red",
    "sea", "sun", "tea", "win", "bird", "boat", "calm", "cave", "dawn", "deer", "echo", "fern", "fire", "gift",
    "gold", "hill", "hope", "iron", "isle", "lake", "leaf", "mist", "moon", "nest", "note", "opal", "path",
    "pine", "rain", "rose", "sand", "star", "tide", "wind", "wolf", "apple", "beach", "bread", "chair", "cloud",
    "dream", "eagle", "earth", "flame", "frost", "ghost", "grape", "heart", "honey", "lemon", "light", "magic",
    "music", "night", "ocean", "pearl", "piano", "river", "stone", "storm", "tiger", "water", "autumn",
    "bridge", "candle", "castle", "flower", "forest", "garden", "golden", "harbor", "island", "meadow",
    "mirror", "orchid", "planet", "rocket", "shadow", "silver", "spring", "summer", "sunset", "temple",
    "winter", "captain", "chapter", "country", "dolphin", "evening", "feather", "freedom", "harvest", "history",
    "holiday", "kitchen", "lantern", "library", "machine", "marbles", "morning", "mystery", "natural",
    "painter", "pioneer", "rainbow", "science", "stories", "thunder", "village", "weather", "birthday",
    "children", "daughter", "dinosaur", "discover", "elephant", "fountain", "friendly", "graceful", "hospital",
    "industry", "midnight", "mountain", "notebook", "umbrella",
)
"""Words of three to eight letters for acrostics."""

TOPICS = (
    "the sea", "autumn", "a garden", "friendship", "a long journey", "the night sky", "a small town", "winter",
    "cooking", "music", "a river", "school", "the mountains", "rain", "a market", "animals", "spring",
    "a train ride", "the forest", "home", "summer", "a festival", "the desert", "a lighthouse", "old books",
    "sport", "a harbor", "sleep", "bread", "time",
)
"""What a text can be about."""
