"""The words that stories are made of, plain and frequent: people, goods, places, times. No name is an English word."""

NAMES = (
    "Ada", "Adam", "Agnes", "Ahmed", "Aisha", "Alan", "Alice", "Amira", "Anders", "Anna", "Anton", "Arjun", "Astrid",
    "Bella", "Boris", "Bruno", "Carla", "Carlos", "Cecilia", "Chen", "Clara", "Dana", "Daniel", "David", "Diego",
    "Dmitri", "Edith", "Elena", "Elias", "Emma", "Eric", "Esther", "Farid", "Fatima", "Felix", "Fiona", "Freya",
    "Gabriel", "Greta", "Gustav", "Hana", "Hassan", "Hector", "Helen", "Henry", "Hugo", "Ibrahim", "Ingrid", "Irene",
    "Isaac", "Ivan", "Jamal", "Jane", "Jonas", "Julia", "Karim", "Karl", "Keiko", "Kofi", "Laila", "Lars", "Laura",
    "Leo", "Linda", "Lucas", "Magnus", "Maria", "Marta", "Martin", "Mateo", "Mei", "Mila", "Mohamed", "Nadia", "Naomi",
    "Nina", "Noah", "Nora", "Olga", "Oliver", "Omar", "Oscar", "Pablo", "Paul", "Pedro", "Petra", "Priya", "Rachel",
    "Rafael", "Rita", "Robert", "Samir", "Sara", "Silvia", "Simon", "Sofia", "Stefan", "Tariq", "Teresa", "Thomas",
    "Tomoko", "Ulrich", "Vera", "Viktor", "Walter", "Yara", "Yusuf", "Zainab", "Zoe",
)  # fmt: skip

SURNAMES = (
    "Abbott", "Almeida", "Andersen", "Bauer", "Becker", "Bianchi", "Campbell", "Castillo", "Chandra", "Costa", "Dawson",
    "Dubois", "Eriksen", "Fernandez", "Fischer", "Garcia", "Goldberg", "Gupta", "Haddad", "Hansen", "Hughes", "Ibsen",
    "Jansen", "Jensen", "Kaplan", "Kimura", "Kowalski", "Larsen", "Lehmann", "Lopez", "Mancini", "Mbeki", "Meyer",
    "Moreau", "Nakamura", "Novak", "Okafor", "Olsen", "Ortega", "Pereira", "Petrov", "Quintana", "Ramirez", "Rossi",
    "Sato", "Schmidt", "Silva", "Sorensen", "Suzuki", "Takeda", "Tanaka", "Thomsen", "Ueda", "Vargas", "Wagner",
    "Watanabe", "Weber", "Yilmaz", "Zeman", "Zimmer",
)  # fmt: skip

GOODS = (
    ("apple", "apples"), ("bag", "bags"), ("ball", "balls"), ("balloon", "balloons"), ("basket", "baskets"),
    ("bead", "beads"), ("bell", "bells"), ("blanket", "blankets"), ("book", "books"), ("bottle", "bottles"),
    ("bowl", "bowls"), ("brick", "bricks"), ("brush", "brushes"), ("bucket", "buckets"), ("button", "buttons"),
    ("cake", "cakes"), ("candle", "candles"), ("card", "cards"), ("carrot", "carrots"), ("chair", "chairs"),
    ("coat", "coats"), ("coin", "coins"), ("cookie", "cookies"), ("cup", "cups"), ("egg", "eggs"),
    ("envelope", "envelopes"), ("feather", "feathers"), ("flag", "flags"), ("flower", "flowers"), ("fork", "forks"),
    ("glove", "gloves"), ("hammer", "hammers"), ("hat", "hats"), ("jar", "jars"), ("kite", "kites"),
    ("ladder", "ladders"), ("lamp", "lamps"), ("lemon", "lemons"), ("magnet", "magnets"), ("map", "maps"),
    ("marble", "marbles"), ("mirror", "mirrors"), ("mug", "mugs"), ("nail", "nails"), ("needle", "needles"),
    ("notebook", "notebooks"), ("onion", "onions"), ("orange", "oranges"), ("pear", "pears"), ("pen", "pens"),
    ("pencil", "pencils"), ("pillow", "pillows"), ("plate", "plates"), ("poster", "posters"), ("potato", "potatoes"),
    ("pumpkin", "pumpkins"), ("ribbon", "ribbons"), ("ring", "rings"), ("rope", "ropes"), ("ruler", "rulers"),
    ("scarf", "scarves"), ("shell", "shells"), ("shirt", "shirts"), ("shovel", "shovels"), ("spoon", "spoons"),
    ("stamp", "stamps"), ("sticker", "stickers"), ("stone", "stones"), ("table", "tables"), ("ticket", "tickets"),
    ("tile", "tiles"), ("tomato", "tomatoes"), ("towel", "towels"), ("toy", "toys"), ("tray", "trays"),
    ("umbrella", "umbrellas"), ("vase", "vases"), ("whistle", "whistles"),
)  # fmt: skip

COLOURS = ("black", "blue", "brown", "green", "grey", "pink", "purple", "red", "silver", "white", "yellow")

TOWNS = (
    "Alderton", "Ashbourne", "Barrowby", "Beckford", "Birchwell", "Blackmoor", "Bramfield", "Brightsea", "Calderby",
    "Castleford", "Cliffton", "Coldbrook", "Copperhill", "Cranleigh", "Dalesford", "Deepwater", "Dunmore", "Eastmere",
    "Elmstead", "Fairhaven", "Fernley", "Foxbury", "Glenmoor", "Goldcrest", "Greenvale", "Grimsdale", "Hallowfield",
    "Harborough", "Hartwell", "Hazelton", "Highgrove", "Hollowell", "Ironbridge", "Kelmarsh", "Kingsmere", "Lakeside",
    "Langdale", "Linwood", "Longford", "Maplewood", "Marshfield", "Millbrook", "Moorgate", "Netherby", "Newhaven",
    "Northwick", "Oakham", "Oldbury", "Pinecrest", "Quarrydale", "Ravenhill", "Redcliff", "Riverton", "Rockport",
    "Saltmarsh", "Sandwick", "Silverlake", "Southmoor", "Springfield", "Stonebridge", "Summerfield", "Thornbury",
    "Upton", "Valleyford", "Waterloo", "Westbrook", "Whitcombe", "Willowby", "Winterton", "Woodhurst", "Yarrowdale",
)  # fmt: skip

ANIMALS = (
    "badger", "bear", "beaver", "camel", "cat", "cow", "crow", "deer", "dog", "donkey", "duck", "eagle", "falcon",
    "fox", "frog", "goat", "goose", "hare", "hawk", "hedgehog", "heron", "horse", "lion", "lynx", "mole", "monkey",
    "moose", "mouse", "otter", "owl", "panda", "parrot", "penguin", "pig", "rabbit", "raven", "seal", "sheep", "snake",
    "spider", "squirrel", "swan", "tiger", "turtle", "walrus", "weasel", "whale", "wolf", "zebra",
)  # fmt: skip

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
