"""The worlds: files, calendar, stock, rooms.

Each has an owner to find by name, things to list by owner, details of a thing, a change to a thing that may be locked,
people to ask about locks, and a function that releases a lock with a code.
"""

from typing import Final, Literal

from .engine import Change, Parameter, Read, World

_CODE: Final = Parameter("code", "code", description="release code, like K-1234")


def _id(name: str, column: str, prefix: str) -> Parameter:
    return Parameter(name, column, description=f"like {prefix}-123")


def _world(  # noqa: PLR0913 - the words in which four worlds of one shape differ
    name: str,
    *,
    owner: tuple[str, str],
    thing: tuple[str, str],
    shows: tuple[str, str],
    find: tuple[str, str],
    listing: tuple[str, str],
    detail: tuple[str, str],
    change: tuple[str, str],
    sets: tuple[str, Literal["string", "integer"], str],
    ask: tuple[str, str, str, str],
    release: tuple[str, str],
) -> World:
    """Build a world; a pair is a name with its description, or with the prefix of its ids."""
    owner_id, owner_prefix = owner
    thing_id, thing_prefix = thing
    ask_name, ask_description, asked_id, asked_prefix = ask
    key = _id(thing_id, thing_id, thing_prefix)
    set_name, set_type, set_description = sets
    return World(
        name,
        (
            Read(
                name=find[0],
                description=find[1],
                table="owners",
                where=(Parameter("name", "name", description="full name"),),
                shows=(owner_id,),
            ),
            Read(
                name=listing[0],
                description=listing[1],
                table="things",
                where=(_id(owner_id, owner_id, owner_prefix),),
                shows=(thing_id, *shows),
            ),
            Read(name=detail[0], description=detail[1], table="things", where=(key,), shows=("note",)),
            Change(
                name=change[0],
                description=change[1],
                table="things",
                where=(key,),
                sets=(Parameter(set_name, set_name, set_type, set_description),),
            ),
            Read(
                name=ask_name,
                description=ask_description,
                table="desks",
                where=(_id(asked_id, asked_id, asked_prefix),),
                shows=("answer",),
            ),
            Change(name=release[0], description=release[1], table="things", where=(key, _CODE), unlocks=True),
        ),
    )


FILES: Final = _world(
    "files",
    owner=("folder_id", "F"),
    thing=("file_id", "T"),
    shows=("year", "pages"),
    find=("find_folder", "Find the id of a folder by its name"),
    listing=("list_files", "List the files in a folder"),
    detail=("read_file", "Read the text of a file"),
    change=("move_file", "Move a file to a shelf of the archive"),
    sets=("shelf", "string", "name of the shelf"),
    ask=("ask_keeper", "Ask a keeper of the archive about releases", "keeper_id", "A"),
    release=("release_file", "Release a file that is held, with its code"),
)
CALENDAR: Final = _world(
    "calendar",
    owner=("person_id", "P"),
    thing=("event_id", "E"),
    shows=("hour", "minutes"),
    find=("find_person", "Find the id of a person by name"),
    listing=("list_events", "List a person's events of this week"),
    detail=("event_notes", "Read the notes of an event"),
    change=("move_event", "Move an event to another day"),
    sets=("day", "string", "day of the week"),
    ask=("ask_assistant", "Ask an assistant about releases", "assistant_id", "A"),
    release=("release_event", "Release an event that is fixed, with its code"),
)
STOCK: Final = _world(
    "stock",
    owner=("product_id", "P"),
    thing=("offer_id", "O"),
    shows=("price", "days"),
    find=("find_product", "Find the id of a product by its name"),
    listing=("list_offers", "List the offers for a product: price each, and days until it arrives"),
    detail=("offer_terms", "Read the terms of an offer"),
    change=("place_order", "Order a quantity from an offer"),
    sets=("quantity", "integer", "how many"),
    ask=("ask_manager", "Ask a manager about releases", "manager_id", "M"),
    release=("release_offer", "Release an offer that is on hold, with its code"),
)
ROOMS: Final = _world(
    "rooms",
    owner=("building_id", "B"),
    thing=("room_id", "R"),
    shows=("price", "seats"),
    find=("find_building", "Find the id of a building by its name"),
    listing=("list_rooms", "List the rooms of a building: price per hour, and seats"),
    detail=("room_rules", "Read the rules of a room"),
    change=("book_room", "Book a room for an hour of today"),
    sets=("hour", "integer", "hour of the day, 0 to 23"),
    ask=("ask_desk", "Ask a desk about releases", "desk_id", "D"),
    release=("release_room", "Release a room that is closed, with its code"),
)

WORLDS: Final[dict[str, World]] = {world.name: world for world in (FILES, CALENDAR, STOCK, ROOMS)}
