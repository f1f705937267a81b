# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_* variables that describe a relay, for tests to vary."""

PASSWORD = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99"
GOOD = {
    "ses_region": "us-east-1",
    "ses_port": "587",
    "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE",
    "ses_smtp_password": PASSWORD,
    "ses_hostname_fix": True,
    "ses_connection_max_messages": 100,
    "ses_connection_max_seconds": 60,
    "ses_max_connections": 10,
    "ses_replace_mta_timeout": 300,
}
LOAD_BALANCER = "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"
