"""States and provinces with their country and capital; our own list of facts."""

# fmt: off
SUBDIVISIONS: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("Bavaria", "Germany"), ("Tuscany", "Italy"), ("Ontario", "Canada"), ("Quebec", "Canada"),
        ("Normandy", "France"), ("Brittany", "France"), ("Andalusia", "Spain"), ("Catalonia", "Spain"),
        ("Sicily", "Italy"), ("Texas", "United States"), ("Queensland", "Australia"),
        ("Scotland", "United Kingdom"), ("Wales", "United Kingdom"), ("Alberta", "Canada"),
        ("Saxony", "Germany"), ("Kerala", "India"), ("Crete", "Greece"), ("Sichuan", "China"),
        ("Hokkaido", "Japan"),
    ),
    (
        ("Rajasthan", "India"), ("Guangdong", "China"), ("Yunnan", "China"), ("Lombardy", "Italy"),
        ("Hesse", "Germany"), ("Thuringia", "Germany"), ("Nova Scotia", "Canada"), ("Manitoba", "Canada"),
        ("Jalisco", "Mexico"), ("Oaxaca", "Mexico"), ("Bahia", "Brazil"), ("Gujarat", "India"),
        ("Tasmania", "Australia"), ("Okinawa", "Japan"), ("Friesland", "Netherlands"), ("Masovia", "Poland"),
        ("Chubut", "Argentina"), ("Zeeland", "Netherlands"),
    ),
    (
        ("Hunan", "China"), ("Shandong", "China"), ("Assam", "India"), ("Bihar", "India"),
        ("Odisha", "India"), ("Chiapas", "Mexico"), ("Sonora", "Mexico"), ("Minas Gerais", "Brazil"),
        ("Mato Grosso", "Brazil"), ("Styria", "Austria"), ("Vorarlberg", "Austria"), ("Umbria", "Italy"),
        ("Apulia", "Italy"), ("Extremadura", "Spain"), ("Asturias", "Spain"), ("Saarland", "Germany"),
        ("Gauteng", "South Africa"), ("Limpopo", "South Africa"), ("Aceh", "Indonesia"),
        ("Sarawak", "Malaysia"), ("Sabah", "Malaysia"), ("Ticino", "Switzerland"), ("Valais", "Switzerland"),
        ("Nagano", "Japan"), ("Sindh", "Pakistan"),
    ),
    (
        ("Oromia", "Ethiopia"), ("Tigray", "Ethiopia"), ("Khuzestan", "Iran"), ("Fars", "Iran"),
        ("Trabzon", "Turkey"), ("Tatarstan", "Russia"), ("Dagestan", "Russia"), ("Bashkortostan", "Russia"),
        ("Chuvashia", "Russia"), ("Antioquia", "Colombia"), ("Zulia", "Venezuela"), ("Neuquén", "Argentina"),
        ("Kedah", "Malaysia"), ("Perak", "Malaysia"), ("Pahang", "Malaysia"), ("Skåne", "Sweden"),
        ("Drenthe", "Netherlands"), ("Guerrero", "Mexico"), ("Nayarit", "Mexico"), ("Ceará", "Brazil"),
        ("Nagaland", "India"), ("Mizoram", "India"), ("Gansu", "China"), ("Jiangxi", "China"),
        ("Miyazaki", "Japan"),
    ),
    (
        ("Borno", "Nigeria"), ("Kaduna", "Nigeria"), ("Oyo", "Nigeria"), ("Afar", "Ethiopia"),
        ("Nghệ An", "Vietnam"), ("Quảng Nam", "Vietnam"), ("Udon Thani", "Thailand"), ("Ucayali", "Peru"),
        ("Ayacucho", "Peru"), ("Misiones", "Argentina"), ("Araucanía", "Chile"), ("Boyacá", "Colombia"),
        ("Caquetá", "Colombia"), ("Guayas", "Ecuador"), ("Manabí", "Ecuador"), ("Itapúa", "Paraguay"),
        ("Tacuarembó", "Uruguay"), ("Karakalpakstan", "Uzbekistan"), ("Khatlon", "Tajikistan"),
        ("Mangystau", "Kazakhstan"), ("Adjara", "Georgia"), ("Syunik", "Armenia"),
        ("Nakhchivan", "Azerbaijan"), ("Gagauzia", "Moldova"), ("Sakha", "Russia"), ("Tuva", "Russia"),
        ("Haut-Katanga", "Democratic Republic of the Congo"), ("Zambezia", "Mozambique"),
        ("Cabo Delgado", "Mozambique"), ("Huíla", "Angola"), ("Albay", "Philippines"),
        ("Leyte", "Philippines"),
    ),
)
"""Per tier: rows of a state, province or region and its country."""

SUBDIVISION_CAPITALS: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (
        ("Texas", "US state", "Austin"), ("Florida", "US state", "Tallahassee"),
        ("Massachusetts", "US state", "Boston"), ("Georgia", "US state", "Atlanta"),
        ("Colorado", "US state", "Denver"), ("California", "US state", "Sacramento"),
        ("Hawaii", "US state", "Honolulu"), ("Arizona", "US state", "Phoenix"),
        ("New York", "US state", "Albany"), ("Bavaria", "German state", "Munich"),
        ("Ontario", "Canadian province", "Toronto"), ("New South Wales", "Australian state", "Sydney"),
        ("Illinois", "US state", "Springfield"), ("Ohio", "US state", "Columbus"),
        ("Tennessee", "US state", "Nashville"), ("Victoria", "Australian state", "Melbourne"),
    ),
    (
        ("Louisiana", "US state", "Baton Rouge"), ("Michigan", "US state", "Lansing"),
        ("Nevada", "US state", "Carson City"), ("Oregon", "US state", "Salem"),
        ("Washington", "US state", "Olympia"), ("Pennsylvania", "US state", "Harrisburg"),
        ("Virginia", "US state", "Richmond"), ("Wisconsin", "US state", "Madison"),
        ("Alaska", "US state", "Juneau"), ("Alabama", "US state", "Montgomery"),
        ("Saxony", "German state", "Dresden"), ("Hesse", "German state", "Wiesbaden"),
        ("Tuscany", "Italian region", "Florence"), ("Alberta", "Canadian province", "Edmonton"),
        ("Queensland", "Australian state", "Brisbane"), ("Lower Saxony", "German state", "Hanover"),
    ),
    (
        ("Vermont", "US state", "Montpelier"), ("Maine", "US state", "Augusta"),
        ("Kentucky", "US state", "Frankfort"), ("Missouri", "US state", "Jefferson City"),
        ("Nebraska", "US state", "Lincoln"), ("Montana", "US state", "Helena"),
        ("New Hampshire", "US state", "Concord"), ("South Dakota", "US state", "Pierre"),
        ("Delaware", "US state", "Dover"), ("Nova Scotia", "Canadian province", "Halifax"),
        ("Saskatchewan", "Canadian province", "Regina"), ("Thuringia", "German state", "Erfurt"),
        ("Tasmania", "Australian state", "Hobart"), ("Sicily", "Italian region", "Palermo"),
        ("Andalusia", "Spanish region", "Seville"), ("Karnataka", "Indian state", "Bengaluru"),
    ),
    (
        ("Jalisco", "Mexican state", "Guadalajara"), ("Yucatán", "Mexican state", "Mérida"),
        ("Bahia", "Brazilian state", "Salvador"), ("Rio Grande do Sul", "Brazilian state", "Porto Alegre"),
        ("Rajasthan", "Indian state", "Jaipur"), ("Kerala", "Indian state", "Thiruvananthapuram"),
        ("Bihar", "Indian state", "Patna"), ("Sichuan", "Chinese province", "Chengdu"),
        ("Hubei", "Chinese province", "Wuhan"), ("Styria", "Austrian state", "Graz"),
        ("Carinthia", "Austrian state", "Klagenfurt"), ("Piedmont", "Italian region", "Turin"),
        ("Apulia", "Italian region", "Bari"), ("Galicia", "Spanish region", "Santiago de Compostela"),
        ("Brittany", "French region", "Rennes"),
        ("Mecklenburg-Western Pomerania", "German state", "Schwerin"),
    ),
    (
        ("Minas Gerais", "Brazilian state", "Belo Horizonte"), ("Pará", "Brazilian state", "Belém"),
        ("Ceará", "Brazilian state", "Fortaleza"), ("Sonora", "Mexican state", "Hermosillo"),
        ("Tabasco", "Mexican state", "Villahermosa"), ("Sinaloa", "Mexican state", "Culiacán"),
        ("Chiapas", "Mexican state", "Tuxtla Gutiérrez"), ("Odisha", "Indian state", "Bhubaneswar"),
        ("Mizoram", "Indian state", "Aizawl"), ("Nagaland", "Indian state", "Kohima"),
        ("Shandong", "Chinese province", "Jinan"), ("Fujian", "Chinese province", "Fuzhou"),
        ("Yunnan", "Chinese province", "Kunming"), ("Burgenland", "Austrian state", "Eisenstadt"),
        ("Basilicata", "Italian region", "Potenza"), ("Extremadura", "Spanish region", "Mérida"),
        ("Friesland", "Dutch province", "Leeuwarden"), ("Zeeland", "Dutch province", "Middelburg"),
        ("Drenthe", "Dutch province", "Assen"), ("Sarawak", "Malaysian state", "Kuching"),
    ),
)
"""Per tier: rows of a state, province or region, what it is, and its capital."""

CAPITAL_ALIASES: dict[str, tuple[str, ...]] = {
    "Bengaluru": ("Bangalore",),
    "Munich": ("München", "Munchen"),
    "Florence": ("Firenze",),
    "Seville": ("Sevilla",),
    "Turin": ("Torino",),
    "Hanover": ("Hannover",),
    "Thiruvananthapuram": ("Trivandrum",),
    "Klagenfurt": ("Klagenfurt am Wörthersee",),
}
"""Further right names of such a capital."""
