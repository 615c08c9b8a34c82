"""`python -m aurora_admin`: the program from a bare checkout."""

import sys

from aurora_admin.main import main

sys.exit(main())
