"""What happens to rows that are there when a revision comes along."""

from conftest import Database

USERS = """
    INSERT INTO "user" (name, email, country, distance_ind) VALUES
      ('ann', 'ann@example.com', 'United Kingdom', 'M'),
      ('bob', 'bob@example.com', ' SCOTLAND ', 'K'),
      ('cid', 'cid@example.com', 'España', 'K'),
      ('dot', 'dot@example.com', 'Atlantis', 'K'),
      ('eve', 'eve@example.com', NULL, 'M')
"""
TRIG = """
    INSERT INTO trig (id, waypoint, name, osgb_eastings, osgb_northings, osgb_gridref,
                      wgs_lat, wgs_long)
    VALUES (1, 'TP0001', 'Beacon Hill', 451000, 215000, 'SP 51000 15000', 51.83, -1.26)
"""


def test_countries_become_codes_and_none_is_left_out(database: Database) -> None:
    database.upgrade("2dafe483f96c")
    database.downgrade("39daed7c83f6")
    database.execute(USERS)

    database.upgrade("head")
    assert database.execute('SELECT name, country_code FROM "user" ORDER BY name') == [
        ("ann", "GB"),
        ("bob", "GB"),
        ("cid", "ES"),
        ("dot", "ZZ"),
        ("eve", "ZZ"),
    ]

    database.downgrade("2dafe483f96c")
    assert database.execute('SELECT name, country FROM "user" ORDER BY name') == [
        ("ann", "United Kingdom"),
        ("bob", "United Kingdom"),
        ("cid", "Spain"),
        ("dot", None),
        ("eve", None),
    ]


def test_units_move_to_the_preferences_and_back(database: Database) -> None:
    database.upgrade("39daed7c83f6")
    database.execute(USERS)
    before = database.execute('SELECT name, distance_ind FROM "user" ORDER BY name')

    for _ in range(2):  # The rows that the way down leaves are no obstacle to the way up.
        database.upgrade("2dafe483f96c")
        assert database.execute(
            """SELECT name, distance_unit FROM "user" JOIN user_preferences ON user_id = id
               ORDER BY name"""
        ) == [("ann", "mi"), ("bob", "km"), ("cid", "km"), ("dot", "km"), ("eve", "mi")]
        database.downgrade("fad8367726e5")
        assert database.execute('SELECT name, distance_ind FROM "user" ORDER BY name') == before


def test_a_log_without_location_gets_its_trig_points(database: Database) -> None:
    database.upgrade("0e59c3885358")
    database.execute(USERS)
    database.execute(TRIG)
    database.execute(
        """INSERT INTO tlog (trig_id, user_id, date, osgb_eastings, osgb_northings, osgb_gridref)
           VALUES (1, 1, '2025-11-05', NULL, NULL, NULL),
                  (1, 2, '2025-11-06', 451007, 215003, 'SP 51007 15003')"""
    )

    database.downgrade("16076fffeed5")
    assert database.execute(
        "SELECT osgb_eastings, osgb_northings, osgb_gridref FROM tlog ORDER BY date"
    ) == [(451000, 215000, "SP 51000 15000"), (451007, 215003, "SP 51007 15003")]


def test_old_scores_are_cut_before_the_check_is_validated(database: Database) -> None:
    database.upgrade("ac4c5eb732db")
    database.execute("INSERT INTO \"user\" (name, email, country_code) VALUES ('a', 'a', 'GB')")
    database.execute(TRIG)
    database.execute(
        """INSERT INTO tlog (trig_id, user_id, date, score)
           VALUES (1, 1, '2025-12-01', 100), (1, 1, '2025-12-02', -1), (1, 1, '2025-12-03', 7)"""
    )

    database.upgrade("head")
    assert database.execute("SELECT score FROM tlog ORDER BY date") == [(10,), (0,), (7,)]
