"""The names that metadata is written with: keys, categories, use cases, frameworks, column titles."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = [
    "Framework",
    "MetadataCustomCategory",
    "MetadataCustomKeys",
    "MetadataCustomPrintColumns",
    "MetadataTaxonomyKeys",
    "MetadataTaxonomyPrintColumns",
    "UseCaseType",
]


class _NamesMeta(type):
    """Makes a class of text constants answer ``in`` (whatever the case), iteration, ``values()`` and ``keys()``."""

    def __contains__(cls, value: object) -> bool:
        return isinstance(value, str) and value.lower() in {text.lower() for text in cls.values()}

    def __iter__(cls) -> Iterator[str]:
        return iter(cls.values())

    def values(cls) -> list[str]:
        """Return the texts in the order of their declaration."""
        return [value for name, value in vars(cls).items() if name.isupper()]

    def keys(cls) -> list[str]:
        """Return the names of the constants in the order of their declaration."""
        return [name for name in vars(cls) if name.isupper()]


class Names(metaclass=_NamesMeta):
    """The base of classes whose constants are plain texts."""


class UseCaseType(Names):
    """What a model is for; the values that ``prepare(use_case_type=...)`` takes."""

    BINARY_CLASSIFICATION = "binary_classification"
    REGRESSION = "regression"
    MULTINOMIAL_CLASSIFICATION = "multinomial_classification"
    CLUSTERING = "clustering"
    RECOMMENDER = "recommender"
    DIMENSIONALITY_REDUCTION = "dimensionality_reduction/representation"
    TIME_SERIES_FORECASTING = "time_series_forecasting"
    ANOMALY_DETECTION = "anomaly_detection"
    TOPIC_MODELING = "topic_modeling"
    NER = "ner"
    SENTIMENT_ANALYSIS = "sentiment_analysis"
    IMAGE_CLASSIFICATION = "image_classification"
    OBJECT_LOCALIZATION = "object_localization"
    OTHER = "other"


class Framework(Names):
    """The machine learning libraries that taxonomy metadata knows by name."""

    SCIKIT_LEARN = "scikit-learn"
    XGBOOST = "xgboost"
    TENSORFLOW = "tensorflow"
    PYTORCH = "pytorch"
    MXNET = "mxnet"
    KERAS = "keras"
    LIGHT_GBM = "lightgbm"
    PYMC3 = "pymc3"
    PYOD = "pyod"
    SPACY = "spacy"
    PROPHET = "prophet"
    SKTIME = "sktime"
    STATSMODELS = "statsmodels"
    CUML = "cuml"
    ORACLE_AUTOML = "oracle_automl"
    H20 = "h2o"
    TRANSFORMERS = "transformers"
    NLTK = "nltk"
    EMCEE = "emcee"
    PYSTAN = "pystan"
    BERT = "bert"
    GENSIM = "gensim"
    FLAIR = "flair"
    WORD2VEC = "word2vec"
    ENSEMBLE = "ensemble"
    SPARK = "pyspark"
    EMBEDDING_ONNX = "embedding_onnx"
    OTHER = "other"


class MetadataCustomKeys(Names):
    """The custom keys that are filled automatically or by ``set_training_data`` and ``set_validation_data``."""

    SLUG_NAME = "SlugName"
    CONDA_ENVIRONMENT = "CondaEnvironment"
    CONDA_ENVIRONMENT_PATH = "CondaEnvironmentPath"
    ENVIRONMENT_TYPE = "EnvironmentType"
    MODEL_ARTIFACTS = "ModelArtifacts"
    MODEL_SERIALIZATION_FORMAT = "ModelSerializationFormat"
    MODEL_FILE_NAME = "ModelFileName"
    CLIENT_LIBRARY = "ClientLibrary"
    UNCOMMITTED_CHANGES = "UncommittedChanges"
    TRAINING_DATASET = "TrainingDataset"
    TRAINING_DATASET_SIZE = "TrainingDatasetSize"
    TRAINING_DATASET_NUMBER_OF_ROWS = "TrainingDatasetNumberOfRows"
    TRAINING_DATASET_NUMBER_OF_COLS = "TrainingDatasetNumberOfCols"
    VALIDATION_DATASET = "ValidationDataset"
    VALIDATION_DATASET_SIZE = "ValidationDatasetSize"
    VALIDATION_DATASET_NUMBER_OF_ROWS = "ValidationDatasetNumberOfRows"
    VALIDATION_DATASET_NUMBER_OF_COLS = "ValidationDataSetNumberOfCols"


class MetadataCustomCategory(Names):
    """The categories of custom metadata."""

    PERFORMANCE = "Performance"
    TRAINING_PROFILE = "Training Profile"
    TRAINING_AND_VALIDATION_DATASETS = "Training and Validation Datasets"
    TRAINING_ENV = "Training Environment"
    OTHER = "Other"


class MetadataTaxonomyKeys(Names):
    """The fixed keys of taxonomy metadata."""

    USE_CASE_TYPE = "UseCaseType"
    FRAMEWORK = "Framework"
    FRAMEWORK_VERSION = "FrameworkVersion"
    ALGORITHM = "Algorithm"
    HYPERPARAMETERS = "Hyperparameters"
    ARTIFACT_TEST_RESULT = "ArtifactTestResults"


class MetadataCustomPrintColumns(Names):
    """The columns of ``ModelCustomMetadata.to_dataframe()``."""

    KEY = "Key"
    VALUE = "Value"
    DESCRIPTION = "Description"
    CATEGORY = "Category"
    HAS_ARTIFACT = "HasArtifact"


class MetadataTaxonomyPrintColumns(Names):
    """The columns of ``ModelTaxonomyMetadata.to_dataframe()``."""

    KEY = "Key"
    VALUE = "Value"
    HAS_ARTIFACT = "HasArtifact"
