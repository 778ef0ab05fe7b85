"""`python -m astropiks`: how a platform starts it, which installs no local project."""

from astropiks.cli import main

main(prog_name="astropiks")
