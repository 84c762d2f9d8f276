"""The application that a web server loads, by `training.serving.wsgi:application`."""

from training.serving.application import ServedModel

application = ServedModel.of_environment()
