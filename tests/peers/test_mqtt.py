"""Eclipse Mosquitto's command-line clients as devices."""

import subprocess

from conftest import HOST


def words(tool, server, app, token, *more):
    return [tool, "-h", HOST, "-p", str(server.mqtt), "-u", app.email, "-P", token, "-t", "hardware", *more]


def test_publish_with_every_quality(server, app):
    """mosquitto_pub with QoS 0, 1 and 2 ends well, and the app gets each value once."""
    token = app.start()
    for qos in ("0", "1", "2"):
        command = words("mosquitto_pub", server, app, token, "-q", qos, "-m", f"vw 7 {qos}")
        assert subprocess.run(command, timeout=20).returncode == 0
        app.expect("hardware", f"1-0\0vw\0007\000{qos}")
        app.expect("device_offline", "1-0")


def test_subscribe(server, app):
    """mosquitto_sub gets what the app writes."""
    token = app.start()
    command = ["stdbuf", "-oL", *words("mosquitto_sub", server, app, token, "-C", "1", "-W", "10", "-d")]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in client.stdout:
        if "Subscribed" in line:
            break
    app.send("hardware", "1-0", "vw", 5, "on", "fast")
    assert "vw 5 on fast" in client.communicate(timeout=20)[0]
    assert client.returncode == 0


def test_wrong_token(server, app):
    """mosquitto_pub is told that it may not."""
    app.start()
    command = words("mosquitto_pub", server, app, "0" * 32, "-m", "vw 1 1")
    assert subprocess.run(command, timeout=20, stderr=subprocess.DEVNULL).returncode != 0
