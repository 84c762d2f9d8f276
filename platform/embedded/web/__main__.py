import sys

from embedded.web import main

sys.exit(main())
