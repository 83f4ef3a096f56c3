"""What MLflow stores as the model's code and runs when it loads the model; nothing is pickled."""

from mlflow.models import set_model

from search.serving.bundle_model import BundleModel


set_model(BundleModel())
