# A thin face over manage.py, which is the only entry point and needs nothing but Python.
PYTHON ?= python3

.PHONY: demo up test check_all services clean bench
demo up test check_all services clean:
	$(PYTHON) manage.py $@ $(ARGS)

bench:
	$(PYTHON) manage.py bench $(NAME)
